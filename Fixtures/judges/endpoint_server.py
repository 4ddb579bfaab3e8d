#!/usr/bin/env python3
"""A server that speaks OpenAI's protocol, for tests: it prefers by rule, and fails in the ways asked for.

    endpoint_server.py LOG [--faults] [--no-logprobs]

Prints its port. A model NAME:WORD prefers options that contain WORD; any other takes the first in the alphabet. With
--faults, every fifth request gets 503, every seventh 429 with Retry-After, every eleventh a cut connection; a prompt with
POISON always gets 400. Each request's path, status, model and Authorization's length is a line of LOG.
"""

import http.server
import json
import math
import sys
import threading

LOG, FAULTS, LOGPROBS = sys.argv[1], "--faults" in sys.argv, "--no-logprobs" not in sys.argv
lock, count = threading.Lock(), 0


def preferred(model, options):
    word = model.split(":", 1)[1] if ":" in model else None
    return max(options, key=lambda option: (word is not None and word in option, [-ord(c) for c in option]))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, value, headers=()):
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self, status, request):
        with lock, open(LOG, "a") as log:
            length = len(self.headers.get("Authorization", ""))
            log.write(json.dumps([self.path, status, request.get("model"), length]) + "\n")

    def do_POST(self):
        global count
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = request.get("prompt") or "\n".join(m["content"] for m in request["messages"])
        with lock:
            count += 1
            number = count
        if "POISON" in text:
            self.note(400, request)
            return self.reply(400, {"error": {"message": "this content is refused"}})
        if FAULTS and number % 5 == 0:
            self.note(503, request)
            return self.reply(503, {"error": {"message": "overloaded"}})
        if FAULTS and number % 7 == 0:
            self.note(429, request)
            return self.reply(429, {"error": {"message": "slow down"}}, [("Retry-After", "0.05")])
        if FAULTS and number % 11 == 0:
            self.note(0, request)
            self.close_connection = True
            return self.connection.close()
        self.note(200, request)
        lines = [line.split(". ", 1) for line in text.splitlines() if line[1:3] == ". " and line[0].isupper()]
        usage = {"total_tokens": len(text.split())}
        if lines:
            chosen = preferred(request["model"], [option for _, option in lines])
            letter = next(letter for letter, option in lines if option == chosen)
        else:
            shown = text.split('"""')
            options = [shown[3], shown[5]] if len(shown) > 5 else ["hello 2"]
            letter = f"Response {options.index(preferred(request['model'], options)) + 1}" if len(options) > 1 else "2"
        choice = {"message": {"role": "assistant", "content": letter}}
        if request.get("logprobs") and LOGPROBS and lines:
            rest = [name for name, _ in lines if name != letter]
            top = [{"token": letter, "logprob": math.log(0.8)}]
            top += [{"token": name, "logprob": math.log(0.1 / len(rest))} for name in rest]
            choice["logprobs"] = {"content": [{"token": letter, "top_logprobs": top}]}
        self.reply(200, {"choices": [choice], "usage": usage})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
