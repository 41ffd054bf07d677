#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A server of OpenTelemetry logs and traces that answers as it is told, and judges what it is sent.

usage: otlp_server.py DIR ANSWER...

Listens on a free port of 127.0.0.1 and prints it. Request i gets ANSWER i, the last of them
for all that follow: STATUS, or STATUS:RETRY-AFTER, then a blank and the body. DIR/requests has
a line for each: what is wrong with it, or the first and the last seq, and its Authorization.
DIR/records has the records of those that were answered by 200, as seq, severity, body; DIR/spans
the spans, as JSON, a line for each.
"""

import http.server
import json
import sys

directory, answers = sys.argv[1], sys.argv[2:]
count = 0


def value_of(value):
    """What an AnyValue holds; it must be one of the JSON encoding."""
    (kind, inner), = value.items()
    if kind == "stringValue":
        assert isinstance(inner, str)
    elif kind == "intValue":
        assert isinstance(inner, str) and str(int(inner)) == inner and abs(int(inner)) < 1 << 64
    elif kind == "boolValue":
        assert isinstance(inner, bool)
    elif kind == "arrayValue":
        assert list(inner) == ["values"] and inner["values"]
        return [value_of(each) for each in inner["values"]]
    else:
        raise AssertionError(kind)
    return inner


def attributes_of(holder):
    pairs = holder["attributes"]
    assert all(sorted(pair) == ["key", "value"] for pair in pairs)
    found = {pair["key"]: value_of(pair["value"]) for pair in pairs}
    assert len(found) == len(pairs), "a key stands twice"
    return found


def records_of(body):
    """The records of a request; AssertionError, KeyError, ... when it is none."""
    def once(pairs):
        assert len({key for key, _ in pairs}) == len(pairs), "a member stands twice"
        return dict(pairs)
    request = json.loads(body, object_pairs_hook=once)
    assert list(request) == ["resourceLogs"]
    resource, = request["resourceLogs"]
    named = attributes_of(resource["resource"])
    assert named["service.name"] == "agentos" and named["service.version"] and named["host.name"]
    scope, = resource["scopeLogs"]
    assert scope["scope"]["name"] == "agentos.audit"
    found = []
    for record in scope["logRecords"]:
        assert set(record) == {"timeUnixNano", "observedTimeUnixNano", "severityNumber",
                               "severityText", "attributes", "body"}
        assert isinstance(record["timeUnixNano"], str) and int(record["timeUnixNano"]) > 10 ** 18
        assert (record["severityNumber"], record["severityText"]) in \
            ((9, "INFO"), (13, "WARN"), (17, "ERROR"))
        about = attributes_of(record)
        assert all(key.startswith(("agentos.", "gen_ai.")) for key in about)
        assert "agentos.time" not in about
        assert ("gen_ai.usage.input_tokens" in about) == (about["agentos.type"] == "call")
        assert about["agentos.type"] and about["agentos.boot"]
        text = value_of(record["body"])
        assert "\n" not in text and "\x1b" not in text
        found.append((int(about["agentos.seq"]), record["severityText"], text, about))
    return found


def spans_of(body):
    """Likewise of a request to /v1/traces."""
    request = json.loads(body)
    assert list(request) == ["resourceSpans"]
    resource, = request["resourceSpans"]
    assert attributes_of(resource["resource"])["service.name"] == "agentos"
    scope, = resource["scopeSpans"]
    assert scope["scope"]["name"] == "agentos.audit"
    found = []
    for span in scope["spans"]:
        assert set(span) - {"status"} == {"traceId", "spanId", "name", "kind", "startTimeUnixNano",
                                          "endTimeUnixNano", "attributes"}
        for name, length in (("traceId", 32), ("spanId", 16)):
            assert len(span[name]) == length and set(span[name]) <= set("0123456789abcdef")
            assert int(span[name], 16)
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        about = attributes_of(span)
        assert span["kind"] == 3 and about["gen_ai.operation.name"]
        assert ("error.type" in about) == ("status" in span)
        assert "status" not in span or span["status"]["code"] == 2
        found.append((int(about["agentos.seq"]), dict(span, attributes=about)))
    assert len({span["spanId"] for _, span in found}) == len(found)
    return found


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global count
        status, _, body = answers[min(count, len(answers) - 1)].partition(" ")
        status, _, later = status.partition(":")
        count += 1
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            assert self.headers["Content-Type"] == "application/json"
            assert self.path in ("/v1/logs", "/v1/traces"), self.path
            traces = self.path == "/v1/traces"
            records = spans_of(sent) if traces else records_of(sent)
            line = f"{records[0][0]} {records[-1][0]} {self.headers['Authorization'] or '-'}"
        except Exception as wrong:          # whatever it is, it is told
            records, traces, line = [], False, f"wrong: {wrong!r}"
        if status == "200" and traces:
            with open(f"{directory}/spans", "a", encoding="utf-8") as out:
                for _, span in records:
                    print(json.dumps(span, sort_keys=True), file=out)
        elif status == "200":
            with open(f"{directory}/records", "a", encoding="utf-8") as out:
                for seq, severity, text, _ in records:
                    print(seq, severity, text, file=out)
        with open(f"{directory}/requests", "a", encoding="utf-8") as out:
            print(status, line, file=out)
        self.send_response(int(status))
        if later:
            self.send_header("Retry-After", later)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
