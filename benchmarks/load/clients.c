/* Engine.IO sessions and their namespace: opened, kept alive, upgraded. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "load.h"

#define SEPARATOR 0x1e

struct client *clients;
int client_count, ready_count, dropped_count;
struct histogram handshakes;

static enum role role_of(int id) {
    if ((id -= options.clients) < 0) return ORDINARY;
    if ((id -= options.stalled) < 0) return STALLED;
    return id < options.flooding ? FLOODING : TRICKLING;
}

void clients_make(void) {
    client_count = options.clients + options.stalled + options.flooding + options.trickling;
    clients = calloc(client_count, sizeof *clients);
    if (!clients) fail("out of memory");
    for (int i = 0; i < client_count; i++) {
        struct client *client = &clients[i];
        client->id = i;
        client->role = role_of(i);
        link_init(&client->socket, client, &websocket);
        link_init(&client->get, client, &http);
        link_init(&client->post, client, &http);
    }
}

/* ---- long-polling ---- */

static const char *polling_target(const struct client *client) {
    static char target[160];
    snprintf(target, sizeof target, "/socket.io/?EIO=%d&transport=polling%s%s", options.engine_version,
             *client->sid ? "&sid=" : "", client->sid);
    return target;
}

static void poll(struct client *client) { http_request(&client->get, "GET", polling_target(client), NULL); }

static void post_unsent(struct client *client) {
    if (client->post.asking || !client->unsent.length) return;
    http_request(&client->post, "POST", polling_target(client), &client->unsent);
    client->unsent.length = 0;
}

static void post(struct client *client, const char *packet, uint32_t length) {
    struct buffer *unsent = &client->unsent;
    if (options.engine_version == 3) {
        char size[16];
        buffer_append(unsent, size, snprintf(size, sizeof size, "%u:", length));
    } else if (unsent->length) {
        *buffer_extend(unsent, 1) = SEPARATOR;
    }
    buffer_append(unsent, packet, length);
    post_unsent(client);
}

/* Cuts the next packet off a payload; `*at` moves behind it. */
static bool next_packet(uint8_t **at, uint8_t *end, uint8_t **packet, uint32_t *length) {
    if (*at >= end) return false;
    *packet = *at;
    if (options.engine_version == 3) {
        *length = strtoul((char *)*at, (char **)packet, 10);
        if (**packet != ':' || end - ++*packet < *length) return false;
        *at = *packet + *length;
    } else {
        uint8_t *stop = memchr(*at, SEPARATOR, end - *at);
        *length = (stop ? stop : end) - *at;
        *at = stop ? stop + 1 : end;
    }
    return true;
}

/* ---- both transports ---- */

static void send_packet(struct client *client, const char *packet) {
    if (client->on_websocket) websocket_send(&client->socket, TEXT_FRAME, packet, strlen(packet));
    else post(client, packet, strlen(packet));
}

void client_send(struct client *client, const struct outgoing *packet) {
    if (client->on_websocket) {
        websocket_append(&client->socket.out, packet->binary ? BINARY_FRAME : TEXT_FRAME, packet->body.data, packet->body.length);
        if (packet->attachment_length)
            websocket_append(&client->socket.out, BINARY_FRAME, packet->attachment, packet->attachment_length);
        link_write(&client->socket, NULL, 0);
    } else {
        if (packet->binary || packet->attachment_length) fail("binary data is measured over WebSocket only");
        post(client, (char *)packet->body.data, packet->body.length);
    }
}

/* Engine.IO 3: the client is the one who pings. */
void client_ping(struct client *client) { send_packet(client, "2"); }

void client_open(struct client *client) {
    client->state = OPENING;
    client->since = now_ns();
    client->on_websocket = options.transport == WEBSOCKET;
    if (client->on_websocket) link_open(&client->socket);
    else poll(client);
}

/* Goes without a word, as at the loss of a network. */
void client_drop(struct client *client) {
    if (client->state == READY) ready_count--;
    link_close(&client->socket);
    link_close(&client->get);
    link_close(&client->post);
    client->unsent.length = 0;
    client->unfinished.awaits_attachment = client->probe_answered = false;
    client->state = AWAY;
    *client->sid = 0;
}

/* Ordinary clients are never to be lost; those who misbehave may be sent away. */
void client_lost(struct client *client, const char *why) {
    static const char *states[] = {"away", "opening", "joining its namespace", "probing", "proving its upgrade", "ready"};
    if (client->role == ORDINARY) fail("client %u was lost while %s: %s", client->id, states[client->state], why);
    client_drop(client);
    dropped_count++;
}

_Noreturn void wrong_answer(const struct client *client, const char *what, const uint8_t *data, uint32_t length) {
    fail("wrong answer: client %u got %s: %.*s", client->id, what, length < 80 ? (int)length : 80, data);
}

static void become_ready(struct client *client) {
    client->state = READY;
    ready_count++;
    histogram_add(&handshakes, now_ns() - client->since);
}

/* An upgraded client is ready when an answer has come over its WebSocket. */
static void finish_upgrade(struct client *client) {
    websocket_send(&client->socket, TEXT_FRAME, "5", 1);
    client->on_websocket = true;
    client->state = PROVING;
    link_close(&client->get);
    link_close(&client->post);
    traffic_prove(client);
}

void client_proved(struct client *client) {
    if (client->state == PROVING) become_ready(client);
}

static void take_connect(struct client *client) {
    if (client->state != JOINING_NAMESPACE) return client_lost(client, "an unexpected CONNECT");
    if (options.transport != UPGRADE) return become_ready(client);
    client->state = PROBING;
    link_open(&client->socket);
}

static void take_packet(struct client *client, struct packet *packet) {
    if (packet->kind == CONNECT) return take_connect(client);
    if (!packet->awaits_attachment) return traffic_packet(client, packet);
    client->unfinished = *packet;
    if (packet->name_length > sizeof client->unfinished_name) packet->name_length = 0;
    if (packet->name_length) memcpy(client->unfinished_name, packet->name, packet->name_length);
    client->unfinished.name = (uint8_t *)client->unfinished_name;
}

static void take_attachment(struct client *client, const uint8_t *data, uint32_t length) {
    client->unfinished.payload = data;
    client->unfinished.payload_length = length;
    client->unfinished.awaits_attachment = false;
    traffic_packet(client, &client->unfinished);
}

static void take_message(struct client *client, const uint8_t *data, uint32_t length, bool binary) {
    struct packet packet;
    if (binary && client->unfinished.awaits_attachment) take_attachment(client, data, length);
    else if (decode_packet(data, length, binary, &packet)) take_packet(client, &packet);
    else wrong_answer(client, "a packet that cannot be read", data, length);
}

static void take_open(struct client *client, const uint8_t *data, uint32_t length) {
    if (client->state != OPENING) return client_lost(client, "an unexpected open packet");
    const char *key = "\"sid\":\"";
    const uint8_t *sid = memmem(data, length, key, strlen(key)), *end;
    sid = sid ? sid + strlen(key) : data + length;
    end = memchr(sid, '"', data + length - sid);
    if (!end || end - sid >= (int)sizeof client->sid) return client_lost(client, "an open packet without a sid");
    if (!client->on_websocket) snprintf(client->sid, sizeof client->sid, "%.*s", (int)(end - sid), sid);
    client->state = JOINING_NAMESPACE;
    if (options.engine_version == 4) client_send(client, encode_connect());
}

/* One Engine.IO packet, whichever way it came. */
void client_message(struct client *client, const uint8_t *data, uint32_t length, bool binary) {
    if (binary) return take_message(client, data, length, true);
    switch (length ? data[0] : 0) {
    case '0': return take_open(client, data + 1, length - 1);
    case '1': return client_lost(client, "got a close packet");
    case '2': return send_packet(client, "3");
    case '3': /* an answer to our ping, or to the probe */
        if (client->state != PROBING || length != 6) return;
        client->probe_answered = true;
        if (!client->get.asking) finish_upgrade(client);
        return;
    case '4': return take_message(client, data + 1, length - 1, false);
    case '6': return;
    default: wrong_answer(client, "an unknown packet", data, length);
    }
}

/* The answer to a poll or a POST. */
void client_answer(struct link *link, int status, uint8_t *body, uint32_t length) {
    struct client *client = link->client;
    if (status != 200) {
        char why[64];
        snprintf(why, sizeof why, "%s answered %d", link == &client->get ? "poll" : "POST", status);
        return client_lost(client, why);
    }
    if (link == &client->post) return post_unsent(client);
    uint8_t *packet, *at = body;
    for (uint32_t size; next_packet(&at, body + length, &packet, &size);) client_message(client, packet, size, false);
    if (client->state == AWAY) return;
    if (client->probe_answered) finish_upgrade(client);
    else poll(client);
}
