// Made from runtime/registers.txt by tools/register-map: word numbers of the core block's registers.
localparam [5:0] REGISTER_ID = 6'd0;
localparam [5:0] REGISTER_VERSION = 6'd1;
localparam [5:0] REGISTER_LEDS = 6'd2;
localparam [5:0] REGISTER_UART_DATA = 6'd3;
localparam [5:0] REGISTER_UART_STATUS = 6'd4;
localparam [5:0] REGISTER_TIME = 6'd5;
localparam [5:0] REGISTER_TIME_COMPARE = 6'd6;
localparam [5:0] REGISTER_CRC = 6'd7;
localparam [5:0] REGISTER_CRC_DATA = 6'd8;
localparam [5:0] REGISTER_WATCHDOG = 6'd9;
localparam [5:0] REGISTER_INTERRUPT = 6'd10;
