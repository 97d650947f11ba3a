/* The client's side of RFC 6455. */
#define _GNU_SOURCE
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include "load.h"

/* The key is fixed, but not nil: the server does the whole work of unmasking. */
static const uint8_t mask[8] = {0x5a, 0xc3, 0x19, 0x77, 0x5a, 0xc3, 0x19, 0x77};

static void apply_mask(uint8_t *out, const uint8_t *data, uint32_t length) {
    uint64_t wide_mask, word;
    uint32_t i = 0;
    memcpy(&wide_mask, mask, 8);
    for (; i + 8 <= length; i += 8) {
        memcpy(&word, data + i, 8);
        word ^= wide_mask;
        memcpy(out + i, &word, 8);
    }
    for (; i < length; i++) out[i] = data[i] ^ mask[i & 3];
}

void websocket_append(struct buffer *out, enum opcode opcode, const void *data, uint32_t length) {
    uint32_t header = length < 126 ? 2 : length < 65536 ? 4 : 10;
    uint8_t *frame = buffer_extend(out, header + 4 + length);
    frame[0] = 0x80 | opcode;
    if (header == 2) {
        frame[1] = 0x80 | length;
    } else if (header == 4) {
        uint16_t size = htobe16(length);
        frame[1] = 0x80 | 126;
        memcpy(frame + 2, &size, 2);
    } else {
        uint64_t size = htobe64(length);
        frame[1] = 0x80 | 127;
        memcpy(frame + 2, &size, 8);
    }
    memcpy(frame + header, mask, 4);
    apply_mask(frame + header + 4, data, length);
}

void websocket_send(struct link *link, enum opcode opcode, const void *data, uint32_t length) {
    websocket_append(&link->out, opcode, data, length);
    link_write(link, NULL, 0);
}

static void request_upgrade(struct link *link) {
    char request[512];
    const char *sid = link->client->sid;
    int length = snprintf(request, sizeof request,
        "GET /socket.io/?EIO=%d&transport=websocket%s%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        options.engine_version, *sid ? "&sid=" : "", sid, network_host());
    link_write(link, request, length);
}

/* Returns the length of the answer's head; 0 when it is not whole yet, or refused. */
static uint32_t accept_upgrade(struct link *link, uint8_t *data, uint32_t length) {
    uint8_t *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(data, "HTTP/1.1 101", 12)) {
        char status[32];
        snprintf(status, sizeof status, "answered %.12s", data);
        link_close(link);
        client_lost(link->client, status);
        return 0;
    }
    link->upgraded = true;
    if (*link->client->sid) websocket_send(link, TEXT_FRAME, "2probe", 6);
    return end + 4 - data;
}

static void take_frame(struct link *link, uint8_t first, const uint8_t *data, uint32_t length) {
    enum opcode opcode = first & 15;
    bool final = first & 0x80;
    if (opcode == PING_FRAME) {
        websocket_send(link, PONG_FRAME, data, length);
    } else if (opcode == CLOSE_FRAME) {
        link_close(link);
        client_lost(link->client, "got a close frame");
    } else if (final && opcode != CONTINUATION) {
        client_message(link->client, data, length, opcode == BINARY_FRAME);
    } else {
        if (opcode != CONTINUATION) link->fragments_are_binary = opcode == BINARY_FRAME;
        buffer_append(&link->fragments, data, length);
        if (!final) return;
        uint32_t whole = link->fragments.length;
        link->fragments.length = 0;
        client_message(link->client, link->fragments.data, whole, link->fragments_are_binary);
    }
}

/* Takes one whole frame; returns its length, 0 when there is none. */
static uint32_t parse_frame(struct link *link, const uint8_t *data, uint32_t length) {
    if (length < 2) return 0;
    uint64_t size = data[1] & 127;
    uint32_t header = size < 126 ? 2 : size == 126 ? 4 : 10;
    if (length < header) return 0;
    if (header == 4) {
        size = data[2] << 8 | data[3];
    } else if (header == 10) {
        memcpy(&size, data + 2, 8);
        size = be64toh(size);
    }
    if (data[1] & 0x80 || data[0] & 0x70) {
        link_close(link);
        client_lost(link->client, "got a frame that is masked or has reserved bits");
        return 0;
    }
    if (length - header < size) return 0;
    take_frame(link, data[0], data + header, size);
    return header + size;
}

static uint32_t receive_frames(struct link *link, uint8_t *data, uint32_t length) {
    uint32_t used = link->upgraded ? 0 : accept_upgrade(link, data, length);
    if (!link->upgraded) return 0;
    for (uint32_t frame = 1; frame && link->connected; used += frame) frame = parse_frame(link, data + used, length - used);
    return used;
}

static void lost(struct link *link, const char *why) { client_lost(link->client, why); }

const struct protocol websocket = {request_upgrade, receive_frames, lost};
