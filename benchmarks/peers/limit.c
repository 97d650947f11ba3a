/* limit: the least a server of these frames can cost.  One thread, epoll, no JSON
 * library, no sessions; one room; all replies of one read leave in one send.
 * Usage: limit --port PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- SHA-1 and base64, for Sec-WebSocket-Accept --- */
#define ROL(x, n) ((x) << (n) | (x) >> (32 - (n)))
static void sha1(const uint8_t *d, size_t n, uint8_t *out) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0}, w[80];
    uint8_t m[256] = {0};
    memcpy(m, d, n);
    m[n] = 0x80;
    size_t t = (n + 8) / 64 * 64 + 64;
    for (int i = 0; i < 8; i++) m[t - 1 - i] = (n * 8) >> (8 * i);
    for (size_t o = 0; o < t; o += 64) {
        for (int i = 0; i < 16; i++) w[i] = m[o + 4 * i] << 24 | m[o + 4 * i + 1] << 16 | m[o + 4 * i + 2] << 8 | m[o + 4 * i + 3];
        for (int i = 16; i < 80; i++) w[i] = ROL(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t a = h[0], b = h[1], c = h[2], e = h[3], f = h[4];
        for (int i = 0; i < 80; i++) {
            uint32_t g, k;
            if (i < 20) g = (b & c) | (~b & e), k = 0x5A827999;
            else if (i < 40) g = b ^ c ^ e, k = 0x6ED9EBA1;
            else if (i < 60) g = (b & c) | (b & e) | (c & e), k = 0x8F1BBCDC;
            else g = b ^ c ^ e, k = 0xCA62C1D6;
            uint32_t x = ROL(a, 5) + g + f + k + w[i];
            f = e; e = c; c = ROL(b, 30); b = a; a = x;
        }
        h[0] += a; h[1] += b; h[2] += c; h[3] += e; h[4] += f;
    }
    for (int i = 0; i < 20; i++) out[i] = h[i / 4] >> (24 - 8 * (i % 4));
}
static void b64(const uint8_t *d, int n, char *o) {
    static const char t[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < n; i += 3) {
        uint32_t v = d[i] << 16 | (i + 1 < n ? d[i + 1] << 8 : 0) | (i + 2 < n ? d[i + 2] : 0);
        *o++ = t[v >> 18]; *o++ = t[v >> 12 & 63];
        *o++ = i + 1 < n ? t[v >> 6 & 63] : '=';
        *o++ = i + 2 < n ? t[v & 63] : '=';
    }
    *o = 0;
}

typedef struct conn {
    int fd, up, room, epout;
    uint8_t *rb; uint32_t rlen, rcap;
    uint8_t *wb; uint32_t wlen, wcap;
} conn;
static int ep;
static conn *members[1 << 18];
static int nmem;
static uint8_t RB[1 << 20], OB[4 << 20];
static uint32_t olen;

static void drop(conn *c) {
    if (c->room >= 0) { members[c->room] = members[--nmem]; members[c->room]->room = c->room; c->room = -1; }
    close(c->fd);
    free(c->rb);
    free(c->wb);
    free(c);
}
static void wr(conn *c, const void *p, uint32_t n) {
    ssize_t r = 0;
    if (!c->wlen) {
        r = send(c->fd, p, n, MSG_NOSIGNAL);
        if (r == (ssize_t)n) return;
        if (r < 0) r = 0;
    }
    if (c->wlen + n - r > c->wcap) { c->wcap = (c->wlen + n) * 2; c->wb = realloc(c->wb, c->wcap); }
    memcpy(c->wb + c->wlen, (uint8_t *)p + r, n - r);
    c->wlen += n - r;
    if (!c->epout) {
        struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
        epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
        c->epout = 1;
    }
}
static uint32_t head(uint8_t *o, uint32_t n) {
    o[0] = 0x81;
    if (n < 126) { o[1] = n; return 2; }
    if (n < 65536) { o[1] = 126; o[2] = n >> 8; o[3] = n; return 4; }
    o[1] = 127;
    for (int i = 0; i < 8; i++) o[2 + i] = (uint64_t)n >> (56 - 8 * i);
    return 10;
}
static void reply(const void *a, uint32_t an, const void *b, uint32_t bn) {
    olen += head(OB + olen, an + bn);
    memcpy(OB + olen, a, an);
    olen += an;
    memcpy(OB + olen, b, bn);
    olen += bn;
}
static uint8_t FB[1 << 20];
static void text(conn *c, uint8_t *p, uint32_t n) {
    static int sid;
    if (n < 2 || p[0] != '4') return;
    if (p[1] == '0') {
        char b[64];
        int k = sprintf(b, "40{\"sid\":\"s%019d\"}", sid++);
        reply(b, k, "", 0);
    } else if (p[1] == '2') {
        if (n > 9 && !memcmp(p + 2, "[\"echo\",", 8)) reply(p, n, "", 0);
        else if (n > 9 && !memcmp(p + 2, "[\"join\",", 8)) {
            if (c->room < 0) { c->room = nmem; members[nmem++] = c; }
        } else if (n > 11 && !memcmp(p + 2, "[\"fanout\",", 10)) {
            uint8_t *q = memchr(p + 12, ',', n - 12);     /* past the room's name */
            if (!q) return;
            uint32_t m = p + n - q;
            uint32_t o = head(FB, 15 + m);
            memcpy(FB + o, "42[\"fanout_msg\"", 15);
            o += 15;
            memcpy(FB + o, q, m);
            o += m;
            for (int i = 0; i < nmem; i++) wr(members[i], FB, o);
        } else {                                          /* 42<id>["echo_ack",x] */
            uint32_t i = 2;
            while (i < n && p[i] >= '0' && p[i] <= '9') i++;
            if (n - i > 13 && !memcmp(p + i, "[\"echo_ack\",", 12)) {
                p[1] = '3';
                uint8_t *q = p + i + 12;
                p[i++] = '[';
                reply(p, i, q, p + n - q);
            }
        }
    }
}
static int parse(conn *c, uint8_t *b, uint32_t len) {
    uint32_t o = 0;
    while (len - o >= 6) {
        uint8_t *p = b + o;
        uint32_t h = 2;
        uint64_t n = p[1] & 127;
        if (n == 126) { if (len - o < 8) break; n = p[2] << 8 | p[3]; h = 4; }
        else if (n == 127) { if (len - o < 14) break; n = 0; for (int i = 0; i < 8; i++) n = n << 8 | p[2 + i]; h = 10; }
        if (len - o < h + 4 + n) break;
        uint32_t k;
        memcpy(&k, p + h, 4);
        uint8_t *d = p + h + 4;
        uint64_t i = 0;
        for (; i + 4 <= n; i += 4) { uint32_t v; memcpy(&v, d + i, 4); v ^= k; memcpy(d + i, &v, 4); }
        for (; i < n; i++) d[i] ^= (uint8_t)(k >> (8 * (i & 3)));
        int op = p[0] & 15;
        if (op == 8) return -1;
        if (op == 1) text(c, d, n);
        o += h + 4 + n;
        if (olen > sizeof OB / 2) { wr(c, OB, olen); olen = 0; }
    }
    return o;
}
static void readable(conn *c) {
    uint32_t have = c->rlen;
    if (have) memcpy(RB, c->rb, have);
    ssize_t r = recv(c->fd, RB + have, sizeof RB - have, 0);
    if (r <= 0) { if (r == 0 || errno != EAGAIN) drop(c); return; }
    uint32_t len = have + r;
    int o = 0;
    olen = 0;
    if (!c->up) {
        uint8_t *e = memmem(RB, len, "\r\n\r\n", 4);
        if (e) {
            char k[128] = "", a[64], out[512];
            uint8_t md[20];
            char *s = memmem(RB, len, "Sec-WebSocket-Key: ", 19);
            if (!s) { drop(c); return; }
            memcpy(k, s + 19, 24);
            strcat(k, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
            sha1((uint8_t *)k, strlen(k), md);
            b64(md, 20, a);
            int n = sprintf(out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", a);
            memcpy(OB, out, n);
            olen = n;
            const char *op = "0{\"sid\":\"00000000000000000000\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}";
            reply(op, strlen(op), "", 0);
            c->up = 1;
            o = e + 4 - RB;
        }
    }
    if (c->up) {
        int k = parse(c, RB + o, len - o);
        if (k < 0) { drop(c); return; }
        o += k;
    }
    if (olen) wr(c, OB, olen);
    uint32_t left = len - o;
    if (left) {
        if (left > c->rcap) { c->rcap = left * 2; c->rb = realloc(c->rb, c->rcap); }
        memcpy(c->rb, RB + o, left);
    }
    c->rlen = left;
}
int main(int ac, char **av) {
    if (ac != 3 || strcmp(av[1], "--port")) { fprintf(stderr, "usage: limit --port PORT\n"); return 2; }
    signal(SIGPIPE, SIG_IGN);
    struct rlimit rl = {1 << 20, 1 << 20};
    if (setrlimit(RLIMIT_NOFILE, &rl) < 0) { getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl); }
    int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(av[2])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(s, (void *)&a, sizeof a) || listen(s, 4096)) { perror("listen"); return 1; }
    ep = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}, ev[1024];
    epoll_ctl(ep, EPOLL_CTL_ADD, s, &e);
    for (;;) {
        int n = epoll_wait(ep, ev, 1024, -1);
        for (int i = 0; i < n; i++) {
            conn *c = ev[i].data.ptr;
            if (!c) {
                int fd;
                while ((fd = accept4(s, 0, 0, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    c = calloc(1, sizeof *c);
                    c->fd = fd;
                    c->room = -1;
                    struct epoll_event x = {.events = EPOLLIN, .data.ptr = c};
                    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &x);
                }
                continue;
            }
            if (ev[i].events & EPOLLOUT && c->wlen) {
                ssize_t r = send(c->fd, c->wb, c->wlen, MSG_NOSIGNAL);
                if (r > 0) { memmove(c->wb, c->wb + r, c->wlen - r); c->wlen -= r; }
                if (!c->wlen) {
                    struct epoll_event x = {.events = EPOLLIN, .data.ptr = c};
                    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &x);
                    c->epout = 0;
                }
            }
            if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(c);
        }
    }
}
