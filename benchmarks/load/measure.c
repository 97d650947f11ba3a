/* Clocks, histograms, and what the server's processes use. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "load.h"

uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000ull + time.tv_nsec;
}

void histogram_add(struct histogram *histogram, uint64_t ns) {
    uint32_t step = ns;
    if (ns >> HISTOGRAM_BITS) {
        int shift = 63 - __builtin_clzll(ns) - HISTOGRAM_BITS;
        step = ((shift + 1) << HISTOGRAM_BITS) + ((ns >> shift) & ((1 << HISTOGRAM_BITS) - 1));
    }
    histogram->steps[step]++;
    histogram->count++;
}

double histogram_ms(const struct histogram *histogram, double quantile) {
    uint64_t wanted = quantile * histogram->count, seen = 0;
    if (wanted && wanted == histogram->count) wanted--;
    for (uint32_t step = 0; step < 64u << HISTOGRAM_BITS; step++) {
        seen += histogram->steps[step];
        if (seen <= wanted) continue;
        if (step >> HISTOGRAM_BITS == 0) return step / 1e6;
        int shift = (step >> HISTOGRAM_BITS) - 1;
        uint64_t mantissa = (1ull << HISTOGRAM_BITS) | (step & ((1 << HISTOGRAM_BITS) - 1));
        return (mantissa << shift) / 1e6;
    }
    return 0;
}

/* ---- the server: a process and its descendants ---- */

#define MAX_PROCESSES 256
static int processes[MAX_PROCESSES], process_count;

/* Reads the fields of /proc/PID/stat that follow the name in brackets. */
static bool read_stat(int pid, int *parent, unsigned long *user, unsigned long *system) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file) return false;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    char *fields = strrchr(text, ')');
    return fields &&
           sscanf(fields + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", parent, user, system) == 3;
}

static bool is_server(int pid) {
    for (int i = 0; i < process_count; i++)
        if (processes[i] == pid) return true;
    return false;
}

void find_server_processes(int pid) {
    process_count = 0;
    if (!pid) return;
    processes[process_count++] = pid;
    DIR *all = opendir("/proc");
    if (!all) return;
    /* A child mostly has a greater number than its parent, so that one pass finds a whole tree. */
    for (struct dirent *entry; (entry = readdir(all)) && process_count < MAX_PROCESSES;) {
        int candidate = atoi(entry->d_name), parent;
        unsigned long user, system;
        if (candidate <= 0 || is_server(candidate) || !read_stat(candidate, &parent, &user, &system)) continue;
        if (is_server(parent)) processes[process_count++] = candidate;
    }
    closedir(all);
}

struct cpu server_cpu_seconds(void) {
    struct cpu cpu = {0, 0};
    for (int i = 0; i < process_count; i++) {
        int parent;
        unsigned long user, system;
        if (!read_stat(processes[i], &parent, &user, &system)) continue;
        cpu.total += (double)(user + system) / sysconf(_SC_CLK_TCK);
        cpu.kernel += (double)system / sysconf(_SC_CLK_TCK);
    }
    return cpu;
}

double own_cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

long server_rss_kb(void) {
    long total = 0;
    for (int i = 0; i < process_count; i++) {
        char path[64], line[256];
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", processes[i]);
        FILE *file = fopen(path, "r");
        if (!file) continue;
        for (long kb; fgets(line, sizeof line, file);)
            if (sscanf(line, "Rss: %ld", &kb) == 1) total += kb;
        fclose(file);
    }
    return total;
}
