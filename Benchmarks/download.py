#!/usr/bin/env python3
"""Measures `magnet download helm` beside curl, rclone and aiq-magnet. See README.md.

    download.py path/to/magnet [--repeats 5] [--keep]

A store on 127.0.0.1 (store.c, one thread) serves the corpus, once at once and once 50 ms after each request. The
programs take turns; each begins when the disk has nothing left to write, in a folder of its own. All folders are removed
at the end, not between: files are made more slowly for minutes after others were removed.
"""

import argparse
import base64
import datetime
import fnmatch
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

import bench

DELAY = 50  # Milliseconds
VERSION = "bench-v1"
SOME = "*subject=ca*,model=*_base-7b*"  # 40 runs


def index(corpus, target):
    """Writes what store.c reads. Run by the virtual environment's Python, which has CRC-32C."""
    import google_crc32c

    rows = []
    for path in (Path(corpus) / "benchmark_output").rglob("*.json"):
        data = path.read_bytes()
        crc, md5 = google_crc32c.Checksum(data).digest(), hashlib.md5(data).digest()
        rows.append(("lite/" + str(path.relative_to(corpus)), path, len(data),
                     base64.b64encode(crc).decode(), base64.b64encode(md5).decode()))
    rows.sort(key=lambda row: row[0].encode())
    Path(target).write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))


class Stores:
    """The store without delay, the one with, and nginx with HTTP/2 before the latter where there is one."""

    def __init__(self, folder, listing):
        self.children = []
        binary = folder / "store"
        subprocess.run(["cc", "-O2", bench.HERE / "store.c", "-o", binary], check=True)
        self.fast, self.slow = (self.start(binary, listing, delay) for delay in (0, DELAY))
        self.http2 = self.nginx(folder) if shutil.which("nginx") and shutil.which("openssl") else None

    def start(self, binary, listing, delay):
        port = free_port()
        self.children.append(subprocess.Popen([binary, listing, str(port), str(delay)]))
        wait_for(port)
        return f"http://127.0.0.1:{port}"

    def nginx(self, folder):
        port = free_port()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
             "-addext", "subjectAltName=IP:127.0.0.1", "-out", folder / "cert.pem", "-keyout", folder / "key.pem"],
            check=True, capture_output=True)
        (folder / "nginx.conf").write_text(f"""
            daemon off; worker_processes 1; error_log {folder}/nginx.log; pid {folder}/nginx.pid;
            events {{ worker_connections 4096; }}
            http {{
              access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
              uwsgi_temp_path {folder}; scgi_temp_path {folder}; keepalive_requests 1000000;
              upstream store {{ server {self.slow.removeprefix("http://")}; keepalive 512; }}
              server {{
                listen 127.0.0.1:{port} ssl http2; http2_max_concurrent_streams 128;
                ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
                location / {{ proxy_pass http://store; proxy_http_version 1.1; proxy_set_header Connection "";
                  proxy_buffering on; proxy_max_temp_file_size 0; }}
              }}
            }}""")
        self.children.append(subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf"],
                                              stderr=subprocess.DEVNULL))
        wait_for(port)
        return f"https://127.0.0.1:{port}"

    def stop(self):
        for child in reversed(self.children):
            child.terminate()
            child.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
    raise bench.Skip(f"no server on port {port}")


class Download(bench.Program):
    """A program that downloads into a new folder each time. `command` makes its words out of the folder."""

    def __init__(self, name, command, files, size, folder, repeats, environment=None):
        super().__init__(name, [], repeats, keep_output=False)
        self.words, self.files, self.size, self.folder = command, files, size, folder
        self.environment = environment or {}
        self.before = self.prepare

    def prepare(self):
        self.target = self.folder / f"{''.join(c for c in self.name if c.isalnum())}-{len(self.samples)}"
        self.command = self.words(self.target)
        os.environ.update(self.environment)
        os.sync()

    def sample(self):
        super().sample()
        found = [path.stat().st_size for path in self.target.rglob("*.json")]
        # Left lying, they would fill the memory that keeps files, and each program be slower than the one before.
        shutil.rmtree(self.target)
        if len(found) != self.files or sum(found) != self.size:
            raise bench.Skip(f"{self.name} left {len(found)} files of {sum(found)} bytes, "
                             f"not {self.files} of {self.size}")


def curl_words(folder, listing, endpoint, *options):
    """curl with a list of addresses in a file."""
    def words(target):
        lines = []
        for row in listing.read_text().splitlines():
            name = row.split("\t")[0]
            url = f"{endpoint}/storage/v1/b/crfm-helm-public/o/{urllib.parse.quote(name, safe='')}?alt=media"
            lines.append(f'url = "{url}"\noutput = "{target}/{name}"\n')
        (folder / "urls").write_text("".join(lines))
        return ["curl", "--silent", "--fail", "--insecure", "--create-dirs", "--parallel", *options,
                "--config", folder / "urls"]
    return words


def measure(magnet, folder, repeats):
    listing = folder / "index"
    suite = bench.corpus()
    bench.warm(suite)
    corpus = suite.parents[2]
    subprocess.run([bench.python(), __file__, "index", corpus, listing], check=True)
    sizes = {row.split("\t")[0]: int(row.split("\t")[2]) for row in listing.read_text().splitlines()}
    some = {name: size for name, size in sizes.items() if fnmatch.fnmatchcase(name.split("/")[4], SOME)}
    stores = Stores(folder, listing)
    aiq = bench.VENV / "bin" / "magnet"
    tasks = []

    def program(name, command, chosen=sizes, environment=None):
        return Download(name, command, len(chosen), sum(chosen.values()), folder, repeats, environment)

    def ours(name, endpoint, *options, chosen=sizes, environment=None):
        return program(name, lambda target: [magnet, "download", "helm", target, "--endpoint", endpoint, "--files",
                                             "full", "--quiet", *options], chosen, environment)

    def theirs(name, *options, chosen=sizes):
        return program(name, lambda target: [aiq, "download", "helm", target, "lite", VERSION, *options], chosen,
                       {"STORAGE_EMULATOR_HOST": stores.slow})

    def rclone(target):
        return ["rclone", "--config", "/dev/null", "copy", ":gcs:crfm-helm-public", target, "--gcs-anonymous",
                "--gcs-endpoint", stores.slow + "/storage/v1/", "--transfers", "64", "--checkers", "64"]

    try:
        slow = [ours("magnet, 50 ms", stores.slow),
                program("curl -Z 100, 50 ms", curl_words(folder, listing, stores.slow, "--parallel-max", "100")),
                theirs("aiq-magnet, 50 ms")]
        if stores.http2:
            slow += [program("curl -Z 64 HTTP/2, 50 ms",
                             curl_words(folder, listing, stores.http2, "--http2", "--parallel-max", "64")),
                     ours("magnet HTTP/2, 50 ms", stores.http2, environment={"CURL_CA_BUNDLE": str(folder / "cert.pem")})]
        if shutil.which("rclone"):
            slow.append(program("rclone 64, 50 ms", rclone))
        fast = [ours("magnet", stores.fast),
                program("curl -Z 16", curl_words(folder, listing, stores.fast, "--parallel-max", "16"))]
        few = [ours("magnet, some runs, 50 ms", stores.slow, "--runs", SOME, chosen=some),
               theirs("aiq-magnet, some runs, 50 ms", "--runs", SOME, chosen=some)]
        for group in (slow, fast, few):
            bench.take_turns(group)
            tasks.append(group)
        best = min((one for one in slow if one.name.startswith(("curl", "rclone"))), key=lambda one: one.wall)
        mine = min((one for one in slow if one.name.startswith("magnet")), key=lambda one: one.wall)
        peak = max(one.peak for group in tasks for one in group if one.name.startswith("magnet"))
        claims = [
            bench.at_least(f"times the files a second of {best.name}", best.wall / mine.wall, 1.2),
            bench.at_least("times the files a second of aiq-magnet", slow[2].wall / mine.wall, 2.5),
            bench.at_least("times as fast as curl -Z 16 without delay", fast[1].wall / fast[0].wall, 1),
            bench.at_least(f"times as fast as aiq-magnet for {len(some)} files", few[1].wall / few[0].wall, 10),
            bench.at_most("peak memory", peak / 1e6, 60, "MB"),
        ]
        return tasks, claims, len(sizes)
    finally:
        stores.stop()


def main():
    options = argparse.ArgumentParser(description="Measures magnet download beside other programs.")
    options.add_argument("magnet", type=Path, help="the release binary")
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--keep", action="store_true", help="keep the result in results/")
    arguments = options.parse_args()
    bench.FOLDER.mkdir(parents=True, exist_ok=True)
    about = bench.machine(arguments.magnet.resolve())
    with tempfile.TemporaryDirectory(dir=bench.FOLDER, prefix="download-") as folder:
        tasks, claims, count = measure(arguments.magnet.resolve(), Path(folder), arguments.repeats)
    lines = ["# Downloads", "", *(f"- {key}: {value}" for key, value in about.items()), "",
             "| program | median s | all | files/s | CPU s | peak MB |", "|---|---|---|---|---|---|"]
    for program in (one for group in tasks for one in group):
        walls = ", ".join(f"{sample.wall:.2f}" for sample in program.samples)
        cpu = program.median(lambda sample: sample.cpu)
        lines.append(f"| {program.name} | {program.wall:.2f} | {walls} | {program.files / program.wall:.0f} | {cpu:.1f} "
                     f"| {program.peak / 1e6:.0f} |")
    lines += ["", *(json.dumps(claim) for claim in claims), ""]
    text = "\n".join(lines)
    print(text)
    if arguments.keep:
        target = bench.HERE / "results" / f"download-{datetime.date.today().isoformat()}.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)
    sys.exit(0 if all(claim["met"] is not False for claim in claims) else 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["index"]:
        index(sys.argv[2], sys.argv[3])
    else:
        main()
