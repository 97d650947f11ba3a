/* Socket.IO packets in three formats: text, text with a binary attachment, and the msgpack parser's maps. */
#define _GNU_SOURCE
#include <ctype.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include "load.h"

static struct outgoing outgoing; /* the packet being sent; one at a time */

static void begin(bool binary) {
    outgoing.body.length = outgoing.attachment_length = 0;
    outgoing.binary = binary;
}

static void add(const char *text) { buffer_append(&outgoing.body, text, strlen(text)); }

/* ---- msgpack, as far as it is needed ---- */

static void pack_string(const void *text, uint32_t length) {
    uint8_t head[] = {0xdb, length >> 24, length >> 16, length >> 8, length};
    if (length < 32) head[0] = 0xa0 | length;
    buffer_append(&outgoing.body, head, length < 32 ? 1 : sizeof head);
    buffer_append(&outgoing.body, text, length);
}

static void pack(const char *text) { pack_string(text, strlen(text)); }

static void pack_event(const char *name, const char *room, const uint8_t *payload, uint32_t size, int64_t ack) {
    add(ack < 0 ? "\x84" : "\x85"); /* a map of four, or five */
    pack("type");
    add("\x02");
    pack("data");
    add(room && payload ? "\x93" : "\x92"); /* an array of three, or two */
    pack(name);
    if (room) pack(room);
    if (payload) pack_string(payload, size);
    pack("options");
    add("\x81");
    pack("compress");
    add("\xc3");
    if (ack >= 0) {
        uint8_t id[] = {0xce, ack >> 24, ack >> 16, ack >> 8, ack};
        pack("id");
        buffer_append(&outgoing.body, id, sizeof id);
    }
    pack("nsp");
    pack("/");
}

/* A value: what it is, and where it ends. `count` is the length of bytes, or the number of values within. */
struct value {
    enum { NUMBER, BYTES, ARRAY, MAP, OTHER } type;
    const uint8_t *bytes, *end;
    uint64_t count;
};

static uint64_t big_endian(const uint8_t *data, int length) {
    uint64_t number = 0;
    while (length--) number = number << 8 | *data++;
    return number;
}

/* What a tag says: the type, how many bytes tell the count (else it is in the tag), and how many follow in any case. */
static bool read_tag(uint8_t tag, struct value *value, int *width, uint32_t *fixed) {
    *width = *fixed = 0;
    value->count = 0;
    switch (tag) {
    case 0x00 ... 0x7f: value->type = NUMBER, value->count = tag; return true;
    case 0x80 ... 0x8f: value->type = MAP, value->count = tag & 15; return true;
    case 0x90 ... 0x9f: value->type = ARRAY, value->count = tag & 15; return true;
    case 0xa0 ... 0xbf: value->type = BYTES, value->count = tag & 31; return true;
    case 0xc4 ... 0xc6: value->type = BYTES, *width = 1 << (tag - 0xc4); return true;
    case 0xcc ... 0xcf: value->type = NUMBER, *width = 1 << (tag - 0xcc); return true;
    case 0xd0 ... 0xd3: value->type = NUMBER, *width = 1 << (tag - 0xd0); return true;
    case 0xd9 ... 0xdb: value->type = BYTES, *width = 1 << (tag - 0xd9); return true;
    case 0xdc ... 0xdd: value->type = ARRAY, *width = 2 << (tag - 0xdc); return true;
    case 0xde ... 0xdf: value->type = MAP, *width = 2 << (tag - 0xde); return true;
    case 0xca ... 0xcb: value->type = OTHER, *fixed = 4 << (tag - 0xca); return true;
    case 0xd4 ... 0xd8: value->type = OTHER, *fixed = 1 + (1 << (tag - 0xd4)); return true;
    case 0xc0: case 0xc2: case 0xc3: case 0xe0 ... 0xff: value->type = OTHER; return true;
    default: return false;
    }
}

/* Reads one value; what an array or a map holds follows at its `end`. */
static bool unpack(const uint8_t *data, const uint8_t *limit, struct value *value) {
    int width;
    uint32_t fixed;
    if (data >= limit || !read_tag(*data++, value, &width, &fixed) || limit - data < width) return false;
    if (width) value->count = big_endian(data, width);
    value->bytes = data + width;
    uint64_t content = value->type == BYTES ? value->count : fixed;
    if ((uint64_t)(limit - value->bytes) < content) return false;
    value->end = value->bytes + content;
    return true;
}

/* Returns where the value at `data` ends with all that is in it; NULL when it is malformed. */
static const uint8_t *skip(const uint8_t *data, const uint8_t *limit) {
    for (uint64_t left = 1; left; left--) {
        struct value value;
        if (!unpack(data, limit, &value)) return NULL;
        if (value.type == ARRAY) left += value.count;
        if (value.type == MAP) left += 2 * value.count;
        data = value.end;
    }
    return data;
}

static bool is(const struct value *value, const char *text) {
    return value->type == BYTES && value->count == strlen(text) && !memcmp(value->bytes, text, value->count);
}

static bool unpack_data(const uint8_t *data, const uint8_t *limit, struct packet *packet) {
    struct value list, value;
    uint64_t expected = packet->kind == EVENT ? 2 : 1;
    if (!unpack(data, limit, &list) || list.type != ARRAY || list.count != expected) return false;
    if (!unpack(list.end, limit, &value) || value.type != BYTES) return false;
    if (packet->kind == EVENT) {
        packet->name = value.bytes;
        packet->name_length = value.count;
        if (!unpack(value.end, limit, &value) || value.type != BYTES) return false;
    }
    packet->payload = value.bytes;
    packet->payload_length = value.count;
    return true;
}

static bool unpack_packet(const uint8_t *data, const uint8_t *limit, struct packet *packet) {
    struct value map, key, value;
    const uint8_t *content = NULL;
    int type = -1;
    if (!unpack(data, limit, &map) || map.type != MAP) return false;
    data = map.end;
    while (map.count--) {
        if (!unpack(data, limit, &key) || !unpack(key.end, limit, &value)) return false;
        if (is(&key, "type") && value.type == NUMBER) type = value.count;
        if (is(&key, "id") && value.type == NUMBER) packet->ack = value.count;
        if (is(&key, "data")) content = key.end;
        if (is(&key, "nsp") && !is(&value, "/")) return false;
        data = skip(key.end, limit);
        if (!data) return false;
    }
    if (data != limit || (type != 0 && type != 2 && type != 3)) return false;
    packet->kind = type == 0 ? CONNECT : type == 2 ? EVENT : ACK_PACKET;
    return type == 0 || (content && unpack_data(content, limit, packet));
}

/* ---- text ---- */

static void write_event(const char *name, const char *room, const uint8_t *payload, uint32_t size, int64_t ack) {
    bool attached = payload && options.format == BINARY;
    add(attached ? "451-" : "42");
    if (ack >= 0) {
        char id[24];
        snprintf(id, sizeof id, "%lld", (long long)ack);
        add(id);
    }
    add("[\"");
    add(name);
    add("\"");
    if (room) {
        add(",\"");
        add(room);
        add("\"");
    }
    if (attached) {
        add(",{\"_placeholder\":true,\"num\":0}");
        outgoing.attachment = payload;
        outgoing.attachment_length = size;
    } else if (payload) {
        add(",\"");
        buffer_append(&outgoing.body, payload, size);
        add("\"");
    }
    add("]");
}

static const uint8_t *after(const uint8_t *data, const uint8_t *end, const char *text) {
    size_t length = strlen(text);
    return (size_t)(end - data) >= length && !memcmp(data, text, length) ? data + length : NULL;
}

/* Answers hold ASCII without escapes, as the questions did: what else comes is refused as wrong. */
static bool parse_data(const uint8_t *data, const uint8_t *end, struct packet *packet) {
    if (!(data = after(data, end, "["))) return false;
    if (packet->kind == EVENT) {
        if (!(data = after(data, end, "\""))) return false;
        const uint8_t *quote = memchr(data, '"', end - data);
        if (!quote) return false;
        packet->name = data;
        packet->name_length = quote - data;
        if (!(data = after(quote, end, "\","))) return false;
    }
    while (data < end && *data == ' ') data++;
    if (packet->awaits_attachment) return after(data, end, "{\"_placeholder\"") != NULL;
    if (end - data < 3 || *data != '"' || end[-2] != '"' || end[-1] != ']') return false;
    packet->payload = data + 1;
    packet->payload_length = end - 2 - packet->payload;
    return true;
}

static bool parse_packet(const uint8_t *data, const uint8_t *end, struct packet *packet) {
    if (data == end) return false;
    uint8_t type = *data++;
    packet->awaits_attachment = type == '5' || type == '6';
    if (packet->awaits_attachment && !(data = after(data, end, "1-"))) return false;
    packet->kind = type == '0' ? CONNECT : type == '2' || type == '5' ? EVENT : ACK_PACKET;
    if (!strchr("02356", type)) return false;
    if (data < end && isdigit(*data)) packet->ack = 0;
    for (; data < end && isdigit(*data); data++) packet->ack = packet->ack * 10 + *data - '0';
    return type == '0' || parse_data(data, end, packet);
}

/* ---- either ---- */

const struct outgoing *encode_connect(void) {
    begin(options.format == MSGPACK);
    if (options.format == MSGPACK) {
        add("\x82");
        pack("type");
        buffer_append(&outgoing.body, "\0", 1);
        pack("nsp");
        pack("/");
    } else {
        add("40");
    }
    return &outgoing;
}

const struct outgoing *encode_event(const char *name, const char *room, const uint8_t *payload, uint32_t size, int64_t ack) {
    begin(options.format == MSGPACK);
    if (options.format == MSGPACK) pack_event(name, room, payload, size, ack);
    else write_event(name, room, payload, size, ack);
    return &outgoing;
}

/* `data` is the content of an Engine.IO message. */
bool decode_packet(const uint8_t *data, uint32_t length, bool binary, struct packet *packet) {
    *packet = (struct packet){.ack = -1};
    return binary ? unpack_packet(data, data + length, packet) : parse_packet(data, data + length, packet);
}
