/* TCP connections on one epoll. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "load.h"

#define INCOMING_BYTES (4u << 20)
#define STALLED_RECEIVE_BYTES 4096
#define CLIENTS_OF_ONE_ADDRESS 20000

static int poller;
static struct sockaddr_in server;
static char host_header[64];
static uint8_t *incoming; /* what the link that is being read has brought */

/* Makes room at the end and returns it; the length has grown already. */
uint8_t *buffer_extend(struct buffer *buffer, uint32_t length) {
    uint32_t needed = buffer->length + length;
    if (needed > buffer->capacity) {
        buffer->capacity = needed * 2;
        buffer->data = realloc(buffer->data, buffer->capacity);
        if (!buffer->data) fail("out of memory");
    }
    uint8_t *end = buffer->data + buffer->length;
    buffer->length = needed;
    return end;
}

void buffer_append(struct buffer *buffer, const void *data, uint32_t length) {
    if (length) memcpy(buffer_extend(buffer, length), data, length);
}

void network_open(const char *host, int port) {
    server.sin_family = AF_INET;
    server.sin_port = htons(port);
    if (inet_pton(AF_INET, host, &server.sin_addr) != 1) fail("not an IPv4 address: %s", host);
    snprintf(host_header, sizeof host_header, "%s:%d", host, port);
    poller = epoll_create1(0);
    incoming = malloc(INCOMING_BYTES);
    if (poller < 0 || !incoming) fail("cannot start: %s", strerror(errno));
}

const char *network_host(void) { return host_header; }

void link_init(struct link *link, struct client *client, const struct protocol *protocol) {
    link->client = client;
    link->protocol = protocol;
    link->fd = -1;
}

static void watch(struct link *link, int change) {
    uint32_t wanted = (link->deaf ? 0 : EPOLLIN) | (link->watches_output ? EPOLLOUT : 0);
    struct epoll_event event = {.events = wanted, .data.ptr = link};
    epoll_ctl(poller, change, link->fd, &event);
}

/* Spreads clients over the addresses of 127.0.0.0/8, so that the ports of one address suffice. */
static void bind_source(int fd, uint32_t id) {
    int on = 1;
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + id / CLIENTS_OF_ONE_ADDRESS);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (void *)&source, sizeof source) < 0) fail("bind: %s", strerror(errno));
}

void link_open(struct link *link) {
    int on = 1, few = STALLED_RECEIVE_BYTES;
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (link->fd < 0) fail("socket: %s", strerror(errno));
    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (link->client->role == STALLED) setsockopt(link->fd, SOL_SOCKET, SO_RCVBUF, &few, sizeof few);
    bind_source(link->fd, link->client->id);
    if (connect(link->fd, (void *)&server, sizeof server) < 0 && errno != EINPROGRESS) fail("connect: %s", strerror(errno));
    link->connected = link->upgraded = link->asking = link->deaf = false;
    link->in.length = link->out.length = link->fragments.length = 0;
    link->watches_output = true;
    watch(link, EPOLL_CTL_ADD);
}

void link_close(struct link *link) {
    if (link->fd < 0) return;
    close(link->fd);
    link->fd = -1;
    link->connected = false;
}

static void lose(struct link *link, const char *why) {
    link_close(link);
    link->protocol->closed(link, why);
}

static void flush(struct link *link) {
    if (!link->connected) return;
    if (link->out.length) {
        ssize_t sent = send(link->fd, link->out.data, link->out.length, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return lose(link, strerror(errno));
        if (sent > 0) {
            link->out.length -= sent;
            memmove(link->out.data, link->out.data + sent, link->out.length);
        }
    }
    if (link->watches_output != (link->out.length > 0)) {
        link->watches_output = !link->watches_output;
        watch(link, EPOLL_CTL_MOD);
    }
}

/* While a link is being read, what is written to it is collected into one send. */
void link_write(struct link *link, const void *data, uint32_t length) {
    buffer_append(&link->out, data, length);
    if (!link->corked) flush(link);
}

void link_stop_reading(struct link *link) {
    link->deaf = true;
    if (link->fd >= 0) watch(link, EPOLL_CTL_MOD);
}

static void receive(struct link *link) {
    uint32_t kept = link->in.length;
    if (kept == INCOMING_BYTES) fail("a message is longer than %u bytes", INCOMING_BYTES);
    if (kept) memcpy(incoming, link->in.data, kept);
    ssize_t got = recv(link->fd, incoming + kept, INCOMING_BYTES - kept, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return lose(link, got < 0 ? strerror(errno) : "closed by the server");
    link->corked = true;
    uint32_t length = kept + got, used = link->protocol->received(link, incoming, length);
    link->corked = false;
    if (!link->connected) return;
    link->in.length = 0;
    buffer_append(&link->in, incoming + used, length - used);
    flush(link);
}

static void finish_connecting(struct link *link) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) return lose(link, strerror(error));
    link->connected = true;
    link->protocol->connected(link);
    flush(link);
}

static void handle(struct link *link, uint32_t events) {
    if (link->fd < 0) return;
    if (!link->connected) {
        if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) finish_connecting(link);
        return;
    }
    if (events & EPOLLOUT) flush(link);
    if (link->fd < 0) return;
    if (link->deaf && events & (EPOLLERR | EPOLLHUP)) return lose(link, "closed by the server");
    if (!link->deaf && events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive(link);
}

void network_turn(int timeout_ms) {
    static struct epoll_event events[1024];
    int count = epoll_wait(poller, events, 1024, timeout_ms);
    for (int i = 0; i < count; i++) handle(events[i].data.ptr, events[i].events);
}
