#include <errno.h>
#include <string.h>

#include "attach.h"

static int is_valid(const struct td_frame_header *header) {
    switch (header->kind) {
    case TD_FRAME_INPUT:
        return header->length <= TD_FRAME_BYTES_MAX;
    case TD_FRAME_RESIZE:
        return header->length == 4;
    case TD_FRAME_END:
        return header->length == 0;
    default:
        return 0;
    }
}

/* Returns how many bytes it took, or -1. */
static long read_header(struct frame_reader *reader, const char *bytes, size_t length, const struct frame_sink *sink) {
    struct td_frame_header header;
    size_t missing = sizeof reader->header - reader->header_length;
    size_t count = length < missing ? length : missing;
    memcpy(reader->header + reader->header_length, bytes, count);
    reader->header_length += (uint32_t)count;
    if (count < missing)
        return (long)count;
    memcpy(&header, reader->header, sizeof header);
    if (!is_valid(&header))
        return -1;
    reader->left = header.length;
    reader->size_length = 0;
    if (header.length == 0)
        reader->header_length = 0;
    if (header.kind == TD_FRAME_END)
        sink->end(sink->context);
    return (long)count;
}

static void read_size(struct frame_reader *reader, const char *bytes, size_t length, const struct frame_sink *sink) {
    uint16_t size[2];
    memcpy(reader->size + reader->size_length, bytes, length);
    reader->size_length += (uint32_t)length;
    if (reader->size_length < sizeof reader->size)
        return;
    memcpy(size, reader->size, sizeof size);
    sink->resize(sink->context, size[0], size[1]);
}

static size_t read_bytes(struct frame_reader *reader, const char *bytes, size_t length, const struct frame_sink *sink) {
    uint32_t kind;
    size_t count = length < reader->left ? length : reader->left;
    memcpy(&kind, reader->header, sizeof kind);
    if (kind == TD_FRAME_INPUT)
        sink->input(sink->context, bytes, count);
    else
        read_size(reader, bytes, count, sink);
    reader->left -= (uint32_t)count;
    if (reader->left == 0)
        reader->header_length = 0;
    return count;
}

int frame_read(struct frame_reader *reader, const char *bytes, size_t length, const struct frame_sink *sink) {
    while (length > 0) {
        long count = reader->header_length < sizeof reader->header ? read_header(reader, bytes, length, sink)
                                                                   : (long)read_bytes(reader, bytes, length, sink);
        if (count < 0)
            return EPROTO;
        bytes += count;
        length -= (size_t)count;
    }
    return 0;
}
