/* HTTP/1.1 requests of long-polling, one at a time on a kept connection. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "load.h"

void http_request(struct link *link, const char *method, const char *target, const struct buffer *body) {
    char head[512];
    int length = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\n", method, target, network_host());
    if (link->fd < 0) link_open(link);
    link->asking = true;
    struct buffer *out = &link->out;
    buffer_append(out, head, length);
    if (body) {
        length = snprintf(head, sizeof head, "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: %u\r\n", body->length);
        buffer_append(out, head, length);
    }
    buffer_append(out, "\r\n", 2);
    link_write(link, body ? body->data : NULL, body ? body->length : 0);
}

/* Returns a header's value, NULL when there is none; `head` ends with a zero. */
static const char *find_header(const char *head, const char *name) {
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (!strncasecmp(line, name, length) && line[length] == ':') return line + length + 1 + strspn(line + length + 1, " ");
    }
    return NULL;
}

/* Joins the chunks in place; returns the bytes used of `data`, 0 when the body is not whole. */
static uint32_t join_chunks(uint8_t *data, uint32_t length, uint32_t *body_length) {
    uint32_t at = 0, joined = 0;
    for (int pass = 0; pass < 2; pass++) { /* the first only looks whether all is there */
        for (at = joined = 0;;) {
            uint8_t *line_end = memmem(data + at, length - at, "\r\n", 2);
            if (!line_end) return 0;
            uint32_t size = strtoul((char *)data + at, NULL, 16);
            at = line_end + 2 - data;
            if (length - at < size + 2) return 0;
            if (pass) memmove(data + joined, data + at, size);
            joined += size;
            at += size + 2;
            if (!size) break;
        }
    }
    *body_length = joined;
    return at;
}

static uint32_t receive_answer(struct link *link, uint8_t *data, uint32_t length) {
    uint8_t *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) return 0;
    uint8_t *body = end + 4;
    uint32_t head = body - data, rest = length - head, body_length = 0, body_bytes = 0;
    end[2] = 0; /* the head is a string while it is looked at */
    const char *text = (char *)data, *size = find_header(text, "Content-Length"), *closing = find_header(text, "Connection");
    bool closes = closing && !strncasecmp(closing, "close", 5), chunked = !size && find_header(text, "Transfer-Encoding");
    int status = atoi(text + 9);
    if (size) body_bytes = body_length = strtoul(size, NULL, 10);
    end[2] = '\r';
    if (chunked) {
        body_bytes = join_chunks(body, rest, &body_length);
        if (!body_bytes) return 0;
    } else if (rest < body_length) {
        return 0;
    }
    link->asking = false;
    if (closes) link_close(link);
    client_answer(link, status, body, body_length);
    return head + body_bytes;
}

/* A kept connection may end between two requests: the next one opens another. */
static void lost(struct link *link, const char *why) {
    if (link->asking) client_lost(link->client, why);
}

static void nothing_to_say(struct link *link) { (void)link; }

const struct protocol http = {nothing_to_say, receive_answer, lost};
