/* Usage: load --port N [options] [--flow KIND,...]; the result is one line of JSON. */
#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "load.h"

#define CONNECT_LIMIT_NS 180000000000ull
#define DRAIN_NS 15000000000ull
#define PING_NS 10000000000ull
#define SETTLE_SECONDS 0.3

struct options options = {
    .host = "127.0.0.1", .clients = 100, .at_once = 64, .engine_version = 4, .warm_up = 0.7, .seconds = 3,
};

static FILE *result; /* printed when all went well */

/* What one phase took. */
struct phase {
    uint64_t begun_ns;
    double seconds;
    struct cpu server_cpu;
    double own_cpu;
};

_Noreturn void fail(const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *c = text; *c; c++)
        if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ') *c = '\'';
    printf("{\"error\":\"%s\"}\n", text);
    exit(1);
}

static struct phase phase_begin(void) { return (struct phase){now_ns(), 0, server_cpu_seconds(), own_cpu_seconds()}; }

static void phase_end(struct phase *phase) {
    phase->seconds = (now_ns() - phase->begun_ns) / 1e9;
    struct cpu cpu = server_cpu_seconds();
    phase->server_cpu = (struct cpu){cpu.total - phase->server_cpu.total, cpu.kernel - phase->server_cpu.kernel};
    phase->own_cpu = own_cpu_seconds() - phase->own_cpu;
}

static void turn(int timeout_ms) {
    static uint64_t pinged;
    network_turn(timeout_ms);
    traffic_tick();
    if (options.engine_version != 3) return;
    uint64_t now = now_ns();
    if (pinged && now - pinged > PING_NS)
        for (int i = 0; i < client_count; i++)
            if (clients[i].state == READY) client_ping(&clients[i]);
    if (!pinged || now - pinged > PING_NS) pinged = now;
}

static void run_for(double seconds) {
    uint64_t end = now_ns() + seconds * 1e9;
    int timeout_ms = traffic_is_timed() ? 1 : 5;
    while (now_ns() < end) turn(timeout_ms);
}

/* Opens every client, `at_once` at a time, and waits until all are ready. */
static struct phase open_all(int at_once) {
    struct phase phase = phase_begin();
    memset(&handshakes, 0, sizeof handshakes);
    for (int opened = 0; ready_count + dropped_count < client_count;) {
        while (opened < client_count && opened - ready_count - dropped_count < at_once) client_open(&clients[opened++]);
        turn(100);
        if (now_ns() > phase.begun_ns + CONNECT_LIMIT_NS) fail("only %d of %d clients came in", ready_count, client_count);
    }
    phase_end(&phase);
    return phase;
}

static struct phase run_traffic(void) {
    traffic_join();
    run_for(SETTLE_SECONDS);
    traffic_start();
    run_for(options.warm_up);
    traffic_measure();
    struct phase phase = phase_begin();
    run_for(options.seconds);
    phase_end(&phase);
    traffic_stop();
    for (uint64_t limit = now_ns() + DRAIN_NS; outstanding && now_ns() < limit;) turn(10);
    if (outstanding) fail("%llu messages were never answered", (unsigned long long)outstanding);
    return phase;
}

static void print_phase(const char *name, const struct phase *phase, uint64_t count, const struct histogram *latency) {
    double cpu = phase->server_cpu.total;
    fprintf(result, "\"%s\":{\"seconds\":%.3f,\"count\":%llu,\"per_s\":%.1f,\"server_cpu_s\":%.2f,\"server_share\":%.4f,"
           "\"per_cpu_s\":%.1f,\"kernel_share\":%.3f,\"generator_share\":%.3f", name, phase->seconds, (unsigned long long)count,
           count / phase->seconds, cpu, cpu / phase->seconds, cpu > 0 ? count / cpu : 0,
           cpu > 0 ? phase->server_cpu.kernel / cpu : 0, phase->own_cpu / phase->seconds);
    if (latency)
        fprintf(result, ",\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"p999_ms\":%.4f,\"max_ms\":%.4f", histogram_ms(latency, .5),
               histogram_ms(latency, .99), histogram_ms(latency, .999), histogram_ms(latency, 1));
}

static void print_traffic(const struct phase *phase) {
    uint64_t count = 0;
    for (int i = 1; i < flow_count; i++) count += flows[i].count;
    print_phase("traffic", phase, count, &flows[1].latency);
    fprintf(result, ",\"flows\":[");
    for (int i = 1; i < flow_count; i++)
        fprintf(result, "%s{\"count\":%llu,\"completed\":%llu,\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"last_p50_ms\":%.4f,\"last_p99_ms\":%.4f}",
               i > 1 ? "," : "", (unsigned long long)flows[i].count, (unsigned long long)flows[i].completed,
               histogram_ms(&flows[i].latency, .5), histogram_ms(&flows[i].latency, .99),
               histogram_ms(&flows[i].completion, .5), histogram_ms(&flows[i].completion, .99));
    fprintf(result, "]},");
}

static void run(void) {
    char *text;
    size_t length;
    result = open_memstream(&text, &length);
    find_server_processes(options.server_pid);
    long rss_before = server_rss_kb();
    struct phase phase = open_all(options.at_once);
    fprintf(result, "{");
    print_phase("connect", &phase, client_count, &handshakes);
    fprintf(result, "},");
    if (options.storm) {
        for (int i = 0; i < client_count; i++) client_drop(&clients[i]);
        phase = open_all(client_count);
        print_phase("storm", &phase, client_count, &handshakes);
        fprintf(result, "},");
    }
    if (options.hold > 0) {
        phase = phase_begin();
        run_for(options.hold);
        phase_end(&phase);
        print_phase("hold", &phase, 0, NULL);
        fprintf(result, "},");
    }
    if (flow_count > 1) {
        phase = run_traffic();
        print_traffic(&phase);
    }
    long rss = server_rss_kb();
    fprintf(result, "\"clients\":%d,\"rss_kb\":%ld,\"rss_bytes_per_client\":%.0f,\"dropped\":%d}\n", client_count, rss,
           (rss - rss_before) * 1024.0 / client_count, dropped_count);
    fclose(result);
    fputs(text, stdout);
    free(text);
}

static int choose(const char *text, const char *const *names, int count) {
    for (int i = 0; i < count; i++)
        if (!strcmp(text, names[i])) return i;
    fail("unknown value: %s", text);
}

static void set_option(int option, const char *value) {
    static const char *transports[] = {"websocket", "polling", "upgrade"}, *formats[] = {"text", "binary", "msgpack"};
    switch (option) {
    case 'H': options.host = value; break;
    case 'p': options.port = atoi(value); break;
    case 'P': options.server_pid = atoi(value); break;
    case 'c': options.clients = atoi(value); break;
    case 's': options.stalled = atoi(value); break;
    case 'f': options.flooding = atoi(value); break;
    case 't': options.trickling = atoi(value); break;
    case 'a': options.at_once = atoi(value); break;
    case 'T': options.transport = choose(value, transports, 3); break;
    case 'F': options.format = choose(value, formats, 3); break;
    case 'e': options.engine_version = atoi(value); break;
    case 'w': options.warm_up = atof(value); break;
    case 'S': options.seconds = atof(value); break;
    case 'h': options.hold = atof(value); break;
    case 'r': options.storm = true; break;
    case 'l': flow_parse(value); break;
    default: exit(2);
    }
}

int main(int count, char **arguments) {
    static const struct option known[] = {
        {"host", 1, 0, 'H'}, {"port", 1, 0, 'p'}, {"server-pid", 1, 0, 'P'}, {"clients", 1, 0, 'c'},
        {"stalled", 1, 0, 's'}, {"flooding", 1, 0, 'f'}, {"trickling", 1, 0, 't'}, {"at-once", 1, 0, 'a'},
        {"transport", 1, 0, 'T'}, {"format", 1, 0, 'F'}, {"engine-version", 1, 0, 'e'}, {"warm-up", 1, 0, 'w'},
        {"seconds", 1, 0, 'S'}, {"hold", 1, 0, 'h'}, {"storm", 0, 0, 'r'}, {"flow", 1, 0, 'l'}, {0}};
    for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;) set_option(option, optarg);
    if (options.clients < 1 || !options.port) fail("needs --port and at least one client");
    if (options.stalled + options.flooding + options.trickling && options.transport != WEBSOCKET)
        fail("clients that misbehave use WebSocket");
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    network_open(options.host, options.port);
    clients_make();
    run();
    return 0;
}
