// A Google Cloud Storage of objects in files, on 127.0.0.1, faster than any client of it: what downloads are measured
// against. One thread, HTTP/1.1 with keep-alive; every answer waits for the delay given. Linux only.
//
//     cc -O2 store.c -o store && ./store INDEX PORT DELAY_MS
//
// INDEX has a line for each object, in order of their names: name, file, size, CRC-32C and MD5 in base 64, separated by
// tabs. Understood are listings (prefix, delimiter, maxResults, pageToken), an object's and the bucket's description,
// media in both forms, and Range.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct object { char *name, *file, *crc, *md5; long size; };
static struct object *objects;
static int count, port;
static double delay;

struct connection {
  int socket;
  char in[16384];
  int filled, consumed;
  char *out;            // the head and, for listings, the body
  long outLength, outDone;
  int fd;               // the file to send after it, or -1
  off_t at;
  long left;
  int isWaiting;
  double due;
  struct connection *next;
};
static struct connection *first, *last;   // those that wait for their delay, the soonest first

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void decode(char *text, int plus) {
  char *to = text;
  for (char *from = text; *from; from++) {
    unsigned value;
    if (*from == '%' && sscanf(from + 1, "%2x", &value) == 1) { *to++ = value; from += 2; }
    else *to++ = plus && *from == '+' ? ' ' : *from;
  }
  *to = 0;
}

static int search(const char *name) {     // the first object whose name is not less
  int low = 0, high = count;
  while (low < high) {
    int middle = (low + high) / 2;
    if (strcmp(objects[middle].name, name) < 0) low = middle + 1; else high = middle;
  }
  return low;
}

static void answer(struct connection *c, const char *status, const char *headers, char *body, long length) {
  char head[1024];
  int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %ld\r\n%s\r\n", status, length, headers);
  long own = body ? length : 0;
  c->out = malloc(n + own + 1);
  memcpy(c->out, head, n);
  if (own) memcpy(c->out + n, body, own);
  c->outLength = n + own;
  c->outDone = 0;
}

static void refuse(struct connection *c, const char *status) {
  char body[200];
  int n = snprintf(body, sizeof body, "{\"error\":{\"code\":%d,\"message\":\"refused\"}}", atoi(status));
  answer(c, status, "Content-Type: application/json\r\n", body, n);
}

static int describe(char *to, struct object *o) {
  char name[6200], *end = name;
  for (const unsigned char *c = (unsigned char *)o->name; *c && end < name + 6000; c++)
    end += sprintf(end, strchr("/:=,+?#% ", *c) ? "%%%02X" : "%c", *c);
  return sprintf(to,
    "{\"mediaLink\":\"http://127.0.0.1:%d/download/storage/v1/b/crfm-helm-public/o/%s?alt=media\","
    "\"kind\":\"storage#object\",\"bucket\":\"crfm-helm-public\",\"name\":\"%s\",\"size\":\"%ld\","
    "\"generation\":\"1700000000000001\",\"metageneration\":\"1\",\"crc32c\":\"%s\",\"md5Hash\":\"%s\","
    "\"updated\":\"2026-01-01T00:00:00.000Z\",\"timeCreated\":\"2026-01-01T00:00:00.000Z\",\"etag\":\"x\","
    "\"contentType\":\"application/json\",\"storageClass\":\"STANDARD\"}",
    port, name, o->name, o->size, o->crc, o->md5);
}

static void list(struct connection *c, const char *prefix, const char *delimiter, int limit, const char *token) {
  char *body = malloc(1 << 23), *prefixes = malloc(1 << 20);
  long n = sprintf(body, "{\"kind\":\"storage#objects\",\"items\":["), p = 0;
  int found = 0, items = 0, at = search(token && strcmp(token, prefix) > 0 ? token : prefix);
  size_t length = strlen(prefix);
  char folder[2048] = "";
  prefixes[0] = 0;
  for (; at < count && !strncmp(objects[at].name, prefix, length); at++) {
    char *slash = *delimiter ? strstr(objects[at].name + length, delimiter) : NULL;
    size_t end = slash ? (size_t)(slash - objects[at].name) + 1 : 0;
    if (slash && strlen(folder) == end && !strncmp(folder, objects[at].name, end)) continue;
    if (found == limit) break;
    found++;
    if (slash) {
      snprintf(folder, sizeof folder, "%.*s", (int)end, objects[at].name);
      p += sprintf(prefixes + p, "%s\"%s\"", p ? "," : "", folder);
    } else {
      if (items++) body[n++] = ',';
      n += describe(body + n, &objects[at]);
    }
  }
  n += sprintf(body + n, "],\"prefixes\":[%s]", prefixes);
  if (at < count && !strncmp(objects[at].name, prefix, length))
    n += sprintf(body + n, ",\"nextPageToken\":\"%s\"", objects[at].name);
  n += sprintf(body + n, "}");
  answer(c, "200 OK", "Content-Type: application/json\r\n", body, n);
  free(body);
  free(prefixes);
}

static void media(struct connection *c, struct object *o, const char *request) {
  const char *range = strcasestr(request, "\nrange: bytes=");
  long start = range ? atol(range + 14) : 0, end = o->size - 1;
  if (range) {
    const char *dash = strchr(range + 14, '-');
    if (dash && dash[1] >= '0' && dash[1] <= '9' && atol(dash + 1) < end) end = atol(dash + 1);
    if (start >= o->size) return refuse(c, "416 Range Not Satisfiable");
  }
  char headers[512], part[128] = "";
  if (range) snprintf(part, sizeof part, "Content-Range: bytes %ld-%ld/%ld\r\n", start, end, o->size);
  snprintf(headers, sizeof headers,
    "Content-Type: application/json\r\nX-Goog-Generation: 1700000000000001\r\nETag: \"x\"\r\n"
    "X-Goog-Hash: crc32c=%s,md5=%s\r\n%s", o->crc, o->md5, part);
  answer(c, range ? "206 Partial Content" : "200 OK", headers, NULL, end - start + 1);
  c->fd = open(o->file, O_RDONLY);
  c->at = start;
  c->left = end - start + 1;
}

static void respond(struct connection *c, char *request) {
  char target[8192] = "", *query;
  if (sscanf(request, "GET %8191s", target) != 1) return refuse(c, "405 Method Not Allowed");
  if ((query = strchr(target, '?'))) *query++ = 0;
  char prefix[2048] = "", delimiter[16] = "", token[2048] = "", *rest = query;
  int limit = 1000, isMedia = !strncmp(target, "/download", 9), hasToken = 0;
  for (char *pair; rest && (pair = strsep(&rest, "&"));) {
    char *value = strchr(pair, '=');
    if (!value) continue;
    *value++ = 0;
    decode(value, 1);
    if (!strcmp(pair, "prefix")) snprintf(prefix, sizeof prefix, "%s", value);
    if (!strcmp(pair, "delimiter")) snprintf(delimiter, sizeof delimiter, "%s", value);
    if (!strcmp(pair, "maxResults") && atoi(value) > 0 && atoi(value) < limit) limit = atoi(value);
    if (!strcmp(pair, "pageToken")) { snprintf(token, sizeof token, "%s", value); hasToken = 1; }
    if (!strcmp(pair, "alt") && !strcmp(value, "media")) isMedia = 1;
  }
  const char *bucket = "/storage/v1/b/crfm-helm-public";
  char *path = strstr(target, bucket);
  if (!path) return refuse(c, "404 Not Found");
  path += strlen(bucket);
  if (!*path) {
    char *body = "{\"kind\":\"storage#bucket\",\"name\":\"crfm-helm-public\",\"location\":\"US\"}";
    return answer(c, "200 OK", "Content-Type: application/json\r\n", body, strlen(body));
  }
  if (!strcmp(path, "/o") || !strcmp(path, "/o/")) return list(c, prefix, delimiter, limit, hasToken ? token : NULL);
  decode(path += 3, 0);
  int at = search(path);
  if (at == count || strcmp(objects[at].name, path)) return refuse(c, "404 Not Found");
  if (isMedia) return media(c, &objects[at], request);
  char body[16384];
  answer(c, "200 OK", "Content-Type: application/json\r\n", body, describe(body, &objects[at]));
}

static void end(struct connection *c) {
  close(c->socket);
  c->socket = -1;
  if (c->fd >= 0) close(c->fd);
  free(c->out);
  c->out = NULL;
  if (!c->isWaiting) free(c);
}

// Sends what can be sent. Returns 0 when the connection is gone.
static int advance(struct connection *c) {
  while (c->out) {
    if (c->outDone < c->outLength) {
      ssize_t n = send(c->socket, c->out + c->outDone, c->outLength - c->outDone,
        MSG_NOSIGNAL | (c->left > 0 ? MSG_MORE : 0));
      if (n < 0) { if (errno == EAGAIN) return 1; end(c); return 0; }
      c->outDone += n;
      continue;
    }
    if (c->left > 0) {
      ssize_t n = sendfile(c->socket, c->fd, &c->at, c->left);
      if (n <= 0) { if (n < 0 && errno == EAGAIN) return 1; end(c); return 0; }
      c->left -= n;
      continue;
    }
    free(c->out);
    c->out = NULL;
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
  }
  return 1;
}

// Takes the next request out of what came, and puts the connection in the row of those that wait.
static void take(struct connection *c) {
  if (c->isWaiting || c->out) return;
  c->in[c->filled] = 0;
  char *stop = strstr(c->in, "\r\n\r\n");
  if (!stop) return;
  c->consumed = stop + 4 - c->in;
  c->isWaiting = 1;
  c->due = now() + delay;
  c->next = NULL;
  if (last) last->next = c; else first = c;
  last = c;
}

static void serveDue(void) {
  while (first && first->due <= now()) {
    struct connection *c = first;
    first = c->next;
    if (!first) last = NULL;
    c->isWaiting = 0;
    if (c->socket < 0) { free(c); continue; }
    char saved = c->in[c->consumed];
    c->in[c->consumed] = 0;
    respond(c, c->in);
    c->in[c->consumed] = saved;
    memmove(c->in, c->in + c->consumed, c->filled - c->consumed);
    c->filled -= c->consumed;
    if (advance(c)) take(c);
  }
}

int main(int arguments, char **argument) {
  if (arguments != 4) return 64;
  port = atoi(argument[2]);
  delay = atof(argument[3]) / 1000;
  FILE *index = fopen(argument[1], "r");
  char line[8192];
  if (!index) return 2;
  while (fgets(line, sizeof line, index)) {
    objects = realloc(objects, (count + 1) * sizeof *objects);
    struct object *o = &objects[count++];
    char *rest = strdup(line);
    rest[strcspn(rest, "\n")] = 0;
    o->name = strsep(&rest, "\t");
    o->file = strsep(&rest, "\t");
    o->size = atol(strsep(&rest, "\t"));
    o->crc = strsep(&rest, "\t");
    o->md5 = rest;
  }
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port),
    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) return 2;
  int poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  while (1) {
    int wait = -1;
    if (first) {
      double left = first->due - now();
      wait = left > 0 ? (int)(left * 1000) + 1 : 0;
    }
    int n = epoll_wait(poll, events, 256, wait);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (!c) {
        int socket;
        while ((socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          c = calloc(1, sizeof *c);
          c->socket = socket;
          c->fd = -1;
          event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
          event.data.ptr = c;
          epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
        }
        continue;
      }
      int isGone = 0;
      while (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP) && c->filled < (int)sizeof c->in - 1) {
        ssize_t got = recv(c->socket, c->in + c->filled, sizeof c->in - 1 - c->filled, 0);
        if (got > 0) { c->filled += got; continue; }
        isGone = got == 0 || errno != EAGAIN;
        break;
      }
      if (isGone) { end(c); continue; }
      if (advance(c)) take(c);
    }
    serveDue();
  }
}
