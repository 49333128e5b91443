/* The command shell for a human on the line. */
#ifndef SLUICE_RUNTIME_SHELL_H
#define SLUICE_RUNTIME_SHELL_H

/* Carries out a line of text, and prints the prompt. */
void shell_line(const char *text);
/* The spy has frozen: prints its records if `spy` asked for them. */
void shell_frozen(void);

#endif
