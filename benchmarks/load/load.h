/* A load generator for Socket.IO servers: one process, one thread, epoll, libc only.
 *
 *   main.c       options, phases, the result as one line of JSON
 *   traffic.c    flows of messages: sent, checked, timed; and the clients that misbehave
 *   clients.c    an Engine.IO session over WebSocket, long-polling, or both (upgrade)
 *   packets.c    Socket.IO packets as text, as text with an attachment, and as msgpack
 *   websocket.c, http.c    the two protocols below
 *   network.c    TCP connections on one epoll
 *   measure.c    clocks, histograms, the CPU and memory of the server
 *
 * Every answer is held against what was asked: a wrong one ends the run.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

/* ---- measure.c ---------------------------------------------------------------------------------------------------- */

#define HISTOGRAM_BITS 7 /* 128 steps for each power of two: better than 0.8 % */

struct histogram {
    uint64_t count, steps[64 << HISTOGRAM_BITS];
};

/* Seconds of CPU time. */
struct cpu {
    double total, kernel;
};

uint64_t now_ns(void);
void histogram_add(struct histogram *histogram, uint64_t ns);
double histogram_ms(const struct histogram *histogram, double quantile);
void find_server_processes(int pid);
struct cpu server_cpu_seconds(void);
double own_cpu_seconds(void);
long server_rss_kb(void);

/* ---- network.c ---------------------------------------------------------------------------------------------------- */

struct buffer {
    uint8_t *data;
    uint32_t length, capacity;
};

uint8_t *buffer_extend(struct buffer *buffer, uint32_t length);
void buffer_append(struct buffer *buffer, const void *data, uint32_t length);

struct link;

/* What speaks over a connection. */
struct protocol {
    void (*connected)(struct link *link);
    uint32_t (*received)(struct link *link, uint8_t *data, uint32_t length); /* returns how many bytes it used */
    void (*closed)(struct link *link, const char *why);
};

/* One TCP connection, and what its protocol keeps. */
struct link {
    const struct protocol *protocol;
    struct client *client;
    int fd; /* -1 when closed */
    bool connected, corked, watches_output, deaf;
    bool upgraded;           /* WebSocket: the server has answered 101 */
    bool asking;             /* HTTP: a request awaits its answer */
    struct buffer in, out;   /* what is not yet used, what is not yet sent */
    struct buffer fragments; /* WebSocket: the message so far */
    bool fragments_are_binary;
};

void network_open(const char *host, int port);
const char *network_host(void);
void link_init(struct link *link, struct client *client, const struct protocol *protocol);
void link_open(struct link *link);
void link_close(struct link *link);
void link_write(struct link *link, const void *data, uint32_t length);
void link_stop_reading(struct link *link);
void network_turn(int timeout_ms);

/* ---- websocket.c -------------------------------------------------------------------------------------------------- */

enum opcode { CONTINUATION = 0, TEXT_FRAME = 1, BINARY_FRAME = 2, CLOSE_FRAME = 8, PING_FRAME = 9, PONG_FRAME = 10 };

extern const struct protocol websocket;
void websocket_send(struct link *link, enum opcode opcode, const void *data, uint32_t length);
void websocket_append(struct buffer *out, enum opcode opcode, const void *data, uint32_t length);

/* ---- http.c ------------------------------------------------------------------------------------------------------- */

extern const struct protocol http;
void http_request(struct link *link, const char *method, const char *target, const struct buffer *body);

/* ---- packets.c ---------------------------------------------------------------------------------------------------- */

enum format { TEXT, BINARY, MSGPACK };
enum kind { CONNECT, EVENT, ACK_PACKET };

/* A packet ready to be sent; `attachment` follows it where there is one. */
struct outgoing {
    struct buffer body;
    bool binary;
    const uint8_t *attachment;
    uint32_t attachment_length;
};

/* A packet that came; the pointers are valid while the bytes it came in are. */
struct packet {
    enum kind kind;
    const uint8_t *name, *payload;
    uint32_t name_length, payload_length;
    int64_t ack;             /* -1 for none */
    bool awaits_attachment;  /* the payload is in the next message */
};

const struct outgoing *encode_connect(void);
const struct outgoing *encode_event(const char *name, const char *room, const uint8_t *payload, uint32_t size, int64_t ack);
bool decode_packet(const uint8_t *data, uint32_t length, bool binary, struct packet *packet);

/* ---- clients.c ---------------------------------------------------------------------------------------------------- */

enum transport { WEBSOCKET, POLLING, UPGRADE };
enum role { ORDINARY, STALLED, FLOODING, TRICKLING };
enum client_state { AWAY, OPENING, JOINING_NAMESPACE, PROBING, PROVING, READY };

#define MAX_FLOWS 8

struct client {
    uint32_t id;
    enum role role;
    enum client_state state;
    bool on_websocket;         /* what is sent leaves over the WebSocket */
    bool probe_answered;
    char sid[64];
    struct link socket, get, post;
    struct buffer unsent;      /* packets for the next POST */
    struct packet unfinished;  /* awaits its attachment */
    char unfinished_name[16];
    uint64_t since;            /* when its handshake began */
    uint32_t newest[MAX_FLOWS + 1];
    uint32_t trickled;
};

extern struct client *clients;
extern int client_count, ready_count, dropped_count;
extern struct histogram handshakes;

void clients_make(void);
void client_open(struct client *client);
void client_drop(struct client *client);
void client_send(struct client *client, const struct outgoing *packet);
void client_ping(struct client *client);
void client_proved(struct client *client);
void client_lost(struct client *client, const char *why);
_Noreturn void wrong_answer(const struct client *client, const char *what, const uint8_t *data, uint32_t length);
void client_message(struct client *client, const uint8_t *data, uint32_t length, bool binary);
void client_answer(struct link *link, int status, uint8_t *body, uint32_t length);

/* ---- traffic.c ---------------------------------------------------------------------------------------------------- */

enum flow_kind { ECHO, ACK, BROADCAST };

/* Messages of one kind: `depth` at a time (for each client, or for a broadcast in all), or `rate` in a second. */
struct flow {
    enum flow_kind kind;
    uint32_t size, depth, rooms, members;
    double rate;
    uint32_t turn;
    uint64_t due, count, completed;
    struct histogram latency, completion; /* of one delivery; of a broadcast's last */
};

extern struct flow flows[MAX_FLOWS + 1]; /* the first is traffic.c's own */
extern int flow_count;
extern uint64_t outstanding;

void flow_parse(const char *text);
void traffic_prove(struct client *client);
void traffic_join(void);
void traffic_start(void);
void traffic_measure(void);
void traffic_stop(void);
void traffic_tick(void);
bool traffic_is_timed(void);
void traffic_packet(struct client *client, const struct packet *packet);

/* ---- main.c ------------------------------------------------------------------------------------------------------- */

struct options {
    const char *host;
    int port, server_pid;
    int clients, stalled, flooding, trickling, at_once;
    enum transport transport;
    enum format format;
    int engine_version;
    double warm_up, seconds, hold;
    bool storm;
};

extern struct options options;
_Noreturn void fail(const char *format, ...);
