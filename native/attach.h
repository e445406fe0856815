/* What tinydocker-monitor and those who attach to it send each other: a header and so many bytes. runtime/container/attach/frame.ts has the same. */
#ifndef TD_ATTACH_H
#define TD_ATTACH_H

#include <stddef.h>
#include <stdint.h>

enum td_frame {
    TD_FRAME_STDOUT = 1, /* to those who attached: what the container printed */
    TD_FRAME_STDERR = 2,
    TD_FRAME_EXIT = 3, /* the record of its exit; the last one */
    TD_FRAME_INPUT = 4, /* from them: for its standard input */
    TD_FRAME_RESIZE = 5, /* of its terminal: rows and columns, 16 bits each */
    TD_FRAME_END = 6, /* of its standard input; without bytes */
    TD_FRAME_FULL = 7, /* to one more than may attach; without bytes */
};

struct td_frame_header {
    uint32_t kind;
    uint32_t length;
};

#define TD_FRAME_BYTES_MAX (64u << 10)

/* How far a frame was read. */
struct frame_reader {
    unsigned char header[sizeof(struct td_frame_header)];
    uint32_t header_length;
    uint32_t left; /* of its bytes */
    unsigned char size[4];
    uint32_t size_length;
};

/* What the bytes of frames ask for. */
struct frame_sink {
    void *context;
    void (*input)(void *context, const char *bytes, size_t length);
    void (*resize)(void *context, uint16_t rows, uint16_t columns);
    void (*end)(void *context);
};

/* Reads frames in whatever pieces they come. Returns 0 or, for what is no frame, EPROTO: nothing more can be read then. */
int frame_read(struct frame_reader *reader, const char *bytes, size_t length, const struct frame_sink *sink);

#endif
