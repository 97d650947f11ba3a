/* What the clients say: flows of messages, each held against its answers, and clients that misbehave. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "load.h"

#define HEADER 16           /* of a payload: which message it is, in hexadecimal digits */
#define MAX_OUTSTANDING (1u << 17)
#define MAX_SIZE (1u << 20)
#define PROOF (&flows[0])   /* single echoes that prove that a client has come so far */
#define FLOOD_BYTES 65536
#define FLOOD_SIZE 64

/* One message under way. */
struct message {
    struct flow *flow;
    uint32_t sequence, sender, room, left; /* `left` answers or deliveries are awaited */
    uint64_t since;
};

struct flow flows[MAX_FLOWS + 1] = {{.kind = ECHO, .size = HEADER}};
int flow_count = 1;
uint64_t outstanding;

static struct message messages[MAX_OUTSTANDING];
static uint32_t free_slots[MAX_OUTSTANDING], free_count, last_sequence;
static uint8_t filler[MAX_SIZE], payload[MAX_SIZE];
static bool sending, measuring;
static int unjoined;

static void prepare(void) {
    if (last_sequence) return;
    last_sequence = 1;
    for (uint32_t i = 0; i < MAX_SIZE; i++) filler[i] = 'a' + i % 26;
    memcpy(payload, filler, MAX_SIZE);
    for (free_count = 0; free_count < MAX_OUTSTANDING; free_count++) free_slots[free_count] = free_count;
}

/* ---- options: KIND[,size=N][,depth=N][,rate=N][,rooms=N][,members=N] ---- */

void flow_parse(const char *text) {
    static const char *kinds[] = {"echo", "ack", "broadcast"};
    char *copy = strdup(text), *save, *word = strtok_r(copy, ",", &save);
    if (flow_count > MAX_FLOWS) fail("more than %d flows", MAX_FLOWS);
    struct flow *flow = &flows[flow_count++];
    *flow = (struct flow){.size = 64, .depth = 1, .rooms = 1};
    int kind = 0;
    while (kind < 3 && word && strcmp(word, kinds[kind])) kind++;
    if (!word || kind == 3) fail("unknown flow: %s", text);
    flow->kind = kind;
    while ((word = strtok_r(NULL, ",", &save))) {
        char *value = strchr(word, '=');
        if (!value) fail("an option of a flow needs a value: %s", word);
        *value++ = 0;
        if (!strcmp(word, "size")) flow->size = atoi(value);
        else if (!strcmp(word, "depth")) flow->depth = atoi(value);
        else if (!strcmp(word, "rate")) flow->rate = atof(value);
        else if (!strcmp(word, "rooms")) flow->rooms = atoi(value);
        else if (!strcmp(word, "members")) flow->members = atoi(value);
        else fail("a flow has no option %s", word);
    }
    free(copy);
    if (flow->size < HEADER || flow->size > MAX_SIZE) fail("a message has %d to %u bytes", HEADER, MAX_SIZE);
}

/* ---- rooms: the members of a flow are dealt out to its rooms in turn ---- */

static uint32_t members_of(const struct flow *flow) { return flow->members ? flow->members : (uint32_t)options.clients; }

static uint32_t readers_in(const struct flow *flow, uint32_t room) {
    uint32_t members = members_of(flow);
    return members / flow->rooms + (room < members % flow->rooms);
}

static const char *room_name(const struct flow *flow, uint32_t room) {
    static char name[32];
    snprintf(name, sizeof name, "room-%d-%u", (int)(flow - flows), room);
    return name;
}

/* ---- sending ---- */

static void write_hex(uint8_t *out, uint32_t number) {
    for (int i = 7; i >= 0; i--, number >>= 4) out[i] = "0123456789abcdef"[number & 15];
}

static uint32_t read_hex(const uint8_t *data) {
    uint32_t number = 0;
    for (int i = 0; i < 8; i++) number = number << 4 | (data[i] <= '9' ? data[i] - '0' : data[i] - 'a' + 10);
    return number;
}

static void send_message(struct flow *flow, struct client *sender, uint32_t room, uint64_t since) {
    if (!free_count) fail("the server is more than %u messages behind", MAX_OUTSTANDING);
    if (sender->state == AWAY) return;
    uint32_t slot = free_slots[--free_count];
    uint32_t left = flow->kind == BROADCAST ? readers_in(flow, room) : 1;
    messages[slot] = (struct message){flow, last_sequence++, sender->id, room, left, since};
    outstanding++;
    write_hex(payload, slot);
    write_hex(payload + 8, messages[slot].sequence);
    const struct outgoing *packet;
    if (flow->kind == ECHO) packet = encode_event("echo", NULL, payload, flow->size, -1);
    else if (flow->kind == ACK) packet = encode_event("echo_ack", NULL, payload, flow->size, messages[slot].sequence);
    else packet = encode_event("fanout", room_name(flow, room), payload, flow->size, -1);
    client_send(sender, packet);
}

/* The next message of a flow whose senders take turns. */
static void send_next(struct flow *flow, uint64_t since) {
    uint32_t turn = flow->turn++ % (flow->kind == BROADCAST ? flow->rooms : (uint32_t)options.clients);
    send_message(flow, &clients[turn], turn, since);
}

void traffic_prove(struct client *client) {
    prepare();
    send_message(PROOF, client, 0, now_ns());
}

/* ---- receiving ---- */

static bool is_named(const struct packet *packet, const char *name) {
    return packet->kind == EVENT && packet->name_length == strlen(name) && !memcmp(packet->name, name, packet->name_length);
}

static bool is_due(const struct message *message, const struct client *client, const struct packet *packet) {
    const struct flow *flow = message->flow;
    if (flow->kind == ECHO) return message->sender == client->id && is_named(packet, "echo");
    if (flow->kind == ACK) return message->sender == client->id && packet->kind == ACK_PACKET && packet->ack == message->sequence;
    return is_named(packet, "fanout_msg") && client->id < members_of(flow) && client->id % flow->rooms == message->room;
}

/* Returns the message that a packet is a right answer to: whole, in order, and not the second of its kind. */
static struct message *find_message(struct client *client, const struct packet *packet) {
    if (packet->payload_length < HEADER) return NULL;
    uint32_t slot = read_hex(packet->payload), sequence = read_hex(packet->payload + 8);
    if (slot >= MAX_OUTSTANDING) return NULL;
    struct message *message = &messages[slot];
    if (!message->left || message->sequence != sequence || packet->payload_length != message->flow->size) return NULL;
    if (memcmp(packet->payload + HEADER, filler + HEADER, packet->payload_length - HEADER)) return NULL;
    uint32_t *newest = &client->newest[message->flow - flows];
    if ((int32_t)(sequence - *newest) <= 0 || !is_due(message, client, packet)) return NULL;
    *newest = sequence;
    return message;
}

static void complete(struct message *message, struct client *client, uint64_t now) {
    struct flow *flow = message->flow;
    free_slots[free_count++] = message - messages;
    outstanding--;
    if (flow == PROOF) {
        unjoined--;
        client_proved(client);
        return;
    }
    if (measuring) {
        flow->completed++;
        histogram_add(&flow->completion, now - message->since);
    }
    if (!sending || flow->rate) return;
    if (flow->kind == BROADCAST) send_next(flow, now_ns());
    else send_message(flow, client, 0, now_ns());
}

void traffic_packet(struct client *client, const struct packet *packet) {
    if (client->role != ORDINARY && client->role != STALLED && !unjoined) return;
    struct message *message = find_message(client, packet);
    if (!message) wrong_answer(client, "what nobody awaits", packet->payload, packet->payload_length);
    uint64_t now = now_ns();
    if (measuring) {
        message->flow->count++;
        histogram_add(&message->flow->latency, now - message->since);
    }
    if (--message->left == 0) complete(message, client, now);
}

/* ---- the phases ---- */

static void join_rooms(struct client *client) {
    for (struct flow *flow = flows + 1; flow < flows + flow_count; flow++) {
        if (flow->kind != BROADCAST) continue;
        if (client->role == ORDINARY && client->id >= members_of(flow)) continue;
        if (client->role == FLOODING || client->role == TRICKLING) continue;
        client_send(client, encode_event("join", room_name(flow, client->id % flow->rooms), NULL, 0, -1));
    }
}

void traffic_join(void) {
    unjoined = client_count;
    for (int i = 0; i < client_count; i++) {
        join_rooms(&clients[i]);
        traffic_prove(&clients[i]);
        if (i % 64 == 63) network_turn(0);
    }
    uint64_t limit = now_ns() + 60000000000ull;
    while (unjoined) {
        network_turn(100);
        if (now_ns() > limit) fail("%d clients could not join their rooms within a minute", unjoined);
    }
    for (int i = 0; i < client_count; i++)
        if (clients[i].role == STALLED) link_stop_reading(&clients[i].socket);
}

void traffic_start(void) {
    uint64_t now = now_ns();
    sending = true;
    for (struct flow *flow = flows + 1; flow < flows + flow_count; flow++) {
        uint32_t senders = flow->kind == BROADCAST ? 1 : options.clients;
        flow->due = now;
        if (flow->rate) continue;
        for (uint32_t i = 0; i < flow->depth * senders; i++) send_next(flow, now);
    }
}

void traffic_measure(void) {
    measuring = true;
    for (struct flow *flow = flows + 1; flow < flows + flow_count; flow++) {
        flow->count = flow->completed = 0;
        memset(&flow->latency, 0, sizeof flow->latency);
        memset(&flow->completion, 0, sizeof flow->completion);
    }
}

void traffic_stop(void) { sending = measuring = false; }

bool traffic_is_timed(void) {
    for (struct flow *flow = flows + 1; flow < flows + flow_count; flow++)
        if (flow->rate) return true;
    return options.flooding || options.trickling;
}

/* ---- what time brings: paced flows, and the clients that misbehave ---- */

static void flood(struct client *client) {
    struct buffer *out = &client->socket.out;
    const struct outgoing *packet = encode_event("echo", NULL, filler, FLOOD_SIZE, -1);
    while (out->length < FLOOD_BYTES) websocket_append(out, TEXT_FRAME, packet->body.data, packet->body.length);
    link_write(&client->socket, NULL, 0);
}

/* Sends the next single byte of a frame. */
static void trickle(struct client *client) {
    static struct buffer frame;
    if (!frame.length) {
        const struct outgoing *packet = encode_event("echo", NULL, filler, FLOOD_SIZE, -1);
        websocket_append(&frame, TEXT_FRAME, packet->body.data, packet->body.length);
    }
    link_write(&client->socket, frame.data + client->trickled++ % frame.length, 1);
}

void traffic_tick(void) {
    if (!sending) return;
    uint64_t now = now_ns();
    for (struct flow *flow = flows + 1; flow < flows + flow_count; flow++)
        for (; flow->rate && flow->due <= now; flow->due += 1e9 / flow->rate) send_next(flow, flow->due);
    for (int i = options.clients + options.stalled; i < client_count; i++) {
        if (clients[i].state != READY) continue;
        if (clients[i].role == FLOODING) flood(&clients[i]);
        else trickle(&clients[i]);
    }
}
