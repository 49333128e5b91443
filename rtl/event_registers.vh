// Made from runtime/registers.txt by tools/register-map: word numbers of the events block's registers.
// Some registers are words of a memory and no more, nothing asks for their numbers.
// verilator lint_off UNUSEDPARAM
localparam [6:0] EVENTS_GEOMETRY = 7'd0;
localparam [6:0] EVENTS_MEMORIES = 7'd1;
localparam [6:0] EVENTS_STRIDES = 7'd2;
localparam [6:0] EVENTS_TIMING = 7'd3;
localparam [6:0] EVENTS_CLASSES = 7'd4;
localparam [6:0] EVENTS_CONTROL = 7'd5;
localparam [6:0] EVENTS_STATUS = 7'd6;
localparam [6:0] EVENTS_PLAY_LAST = 7'd7;
localparam [6:0] EVENTS_PLAY_EVENTS = 7'd8;
localparam [6:0] EVENTS_PLAY_GAP = 7'd9;
localparam [6:0] EVENTS_PLAY_BURST = 7'd10;
localparam [6:0] EVENTS_PLAY_PAUSE = 7'd11;
localparam [6:0] EVENTS_MODE = 7'd12;
localparam [6:0] EVENTS_SPY_TRIGGER = 7'd13;
localparam [6:0] EVENTS_SPY_AFTER = 7'd14;
localparam [6:0] EVENTS_SPY_STATE = 7'd15;
localparam [6:0] EVENTS_ACCEPT_MASK = 7'd16;
localparam [6:0] EVENTS_LOAD_ADDRESS = 7'd17;
localparam [6:0] EVENTS_LOAD_DATA = 7'd18;
localparam [6:0] EVENTS_MARK = 7'd19;
localparam [6:0] EVENTS_THRESHOLD = 7'd32;
localparam [6:0] EVENTS_PRESCALE = 7'd48;
localparam [6:0] EVENTS_COUNTER = 7'd64;
// verilator lint_on UNUSEDPARAM
