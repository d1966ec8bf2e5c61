"""gRPC C-core over Python's grpcio: a client that makes calls given as JSON lines, and a server of the test service."""
import base64, json, sys, threading
from concurrent import futures
import grpc

INITIAL, TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
PACKS_ABOVE = 1024
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
same = lambda data: data
b64 = lambda data: base64.b64encode(data).decode()


def call(channel, asked):
    messages = [base64.b64decode(text) for text in asked["messages"]]
    metadata = [(INITIAL, asked["initial"])] if asked.get("initial") is not None else []
    if asked.get("trailing") is not None:
        metadata.append((TRAILING, base64.b64decode(asked["trailing"])))
    big = any(len(message) > PACKS_ABOVE for message in messages)
    options = {"metadata": metadata, "timeout": asked.get("timeout")}
    if asked["packs"] and big:
        options["compression"] = grpc.Compression.Gzip
    heard, over = threading.Semaphore(0), threading.Event()

    def requests():
        for i, message in enumerate(messages):
            if i > 0 and asked["turns"]:
                heard.acquire(timeout=20)
            yield message
        if asked.get("cancel"):
            over.wait(20)

    several, streams = asked["requestStream"], asked["responseStream"]
    kind = {(False, False): channel.unary_unary, (False, True): channel.unary_stream,
            (True, False): channel.stream_unary, (True, True): channel.stream_stream}[(several, streams)]
    method = kind(asked["path"], same, same)
    given = requests() if several else messages[0]
    if several and not streams and "compression" in options:
        # The future of this kind of call forgets its compression (grpcio 1.51).
        answer, _ = method.with_call(given, **options)
        return {"status": 0, "message": "", "answers": [b64(answer)], "initial": None, "trailing": None}
    running = method(given, **options) if streams else method.future(given, **options)
    if asked.get("cancel") == "after begin":
        running.cancel()
    answers = []
    try:
        if streams:
            for answer in running:
                answers.append(answer)
                heard.release()
                if asked.get("cancel") == "after first answer":
                    running.cancel()
        else:
            answers.append(running.result(20))
    except (grpc.RpcError, grpc.FutureCancelledError):
        pass
    over.set()
    initial = dict(running.initial_metadata() or ()) if not asked.get("cancel") else {}
    trailing = dict(running.trailing_metadata() or ()) if not asked.get("cancel") else {}
    code = running.code()
    return {
        "status": code.value[0], "message": running.details() or "" if code.value[0] else "",
        "answers": [b64(answer) for answer in answers], "initial": initial.get(INITIAL),
        "trailing": b64(trailing[TRAILING]) if TRAILING in trailing else None,
    }


def client(port):
    with grpc.insecure_channel("127.0.0.1:%s" % port, options=UNLIMITED) as channel:
        for line in sys.stdin:
            print(json.dumps(call(channel, json.loads(line))), flush=True)


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """The fields of a message: number, and a whole number or bytes."""
    found, at = [], 0
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        found.append((key >> 3, value))
    return found


def number(value):
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


nested = lambda key, data: bytes([key << 3 | 2]) + number(len(data)) + data
payload = lambda size: nested(1, nested(1, b"\0" * size))
body_size = lambda data: len(dict(fields(data)).get(1, b""))


class Service(grpc.GenericRpcHandler):
    def __init__(self, prefix, packs):
        self.prefix, self.packs = prefix, packs

    def begin(self, context):
        if self.packs:
            context.set_compression(grpc.Compression.Gzip)
        told = dict(context.invocation_metadata())
        if INITIAL in told:
            context.send_initial_metadata(((INITIAL, told[INITIAL]),))
        if TRAILING in told:
            context.set_trailing_metadata(((TRAILING, told[TRAILING]),))

    def refuse(self, asked, context):
        if 3 in asked:
            status = dict(fields(asked[3]))
            code = next(one for one in grpc.StatusCode if one.value[0] == status[1])
            context.abort(code, status.get(2, b"").decode())

    def unary(self, request, context):
        self.begin(context)
        asked = dict(fields(request))
        self.refuse(asked, context)
        return payload(asked.get(1, 0))

    def summed(self, requests, context):
        total = sum(body_size(dict(fields(request)).get(1, b"")) for request in requests)
        return b"\x08" + number(total)

    def sizes(self, request, context):
        for key, value in fields(request):
            if key == 1:
                parameters = dict(fields(value))
                if 2 in parameters:
                    left = threading.Event()
                    context.add_callback(left.set)
                    left.wait(parameters[2] / 1000)
                yield payload(parameters.get(1, 0))

    def streamed(self, request, context):
        self.begin(context)
        yield from self.sizes(request, context)

    def talk(self, requests, context):
        self.begin(context)
        for request in requests:
            self.refuse(dict(fields(request)), context)
            yield from self.sizes(request, context)

    def service(self, details):
        name = details.method[len(self.prefix):] if details.method.startswith(self.prefix) else ""
        return {
            "EmptyCall": grpc.unary_unary_rpc_method_handler(lambda request, context: b"", same, same),
            "UnaryCall": grpc.unary_unary_rpc_method_handler(self.unary, same, same),
            "StreamingInputCall": grpc.stream_unary_rpc_method_handler(self.summed, same, same),
            "StreamingOutputCall": grpc.unary_stream_rpc_method_handler(self.streamed, same, same),
            "FullDuplexCall": grpc.stream_stream_rpc_method_handler(self.talk, same, same),
        }.get(name)


def server(prefix, packs):
    served = grpc.server(futures.ThreadPoolExecutor(16), options=UNLIMITED)
    served.add_generic_rpc_handlers((Service(prefix, packs),))
    print(served.add_insecure_port("127.0.0.1:0"), flush=True)
    served.start()
    served.wait_for_termination()


client(sys.argv[2]) if sys.argv[1] == "client" else server(sys.argv[2], sys.argv[3] == "packed")
