"""gRPC C-core over Python's grpcio, as client and as server; messages are bytes, field 1 a text."""
import json, sys, threading, time
from concurrent import futures
import grpc

SERVICE = "/interop_service.InteropService/"
same = lambda data: data


def message(text):
    data = text.encode()
    length, size = len(data), b""
    while length > 0x7F:
        size += bytes([length & 0x7F | 0x80])
        length >>= 7
    return b"\x0a" + size + bytes([length]) + data if data else b""


def text(data):
    if not data:
        return ""
    at, length, shift = 1, 0, 0
    while True:
        length |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return data[at:at + length].decode()


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        return [error.code().name, error.details()]
    return ["OK", ""]


def client(port):
    said = {}
    options = [("grpc.max_receive_message_length", 8 << 20)]
    with grpc.insecure_channel("127.0.0.1:%s" % port, options=options) as channel:
        unary = lambda name: channel.unary_unary(SERVICE + name, same, same)
        said["empty"] = text(unary("Echo")(b""))
        said["large"] = len(text(unary("Echo")(message("x" * 271828), compression=grpc.Compression.NoCompression)))
        said["packed"] = len(text(unary("Echo")(message("y" * 100000), compression=grpc.Compression.Gzip)))
        said["client_streaming"] = text(channel.stream_unary(SERVICE + "Join", same, same)(iter([message(c) for c in "abc"])))
        said["server_streaming"] = [text(one) for one in channel.unary_stream(SERVICE + "Split", same, same)(message("abc"))]
        said["big_stream"] = sum(len(text(one)) for one in channel.stream_stream(SERVICE + "Talk", same, same)(iter([message("z" * 500000)] * 8)))
        turns, heard = [threading.Event() for _ in range(3)], []

        def talk():
            for i, turn in enumerate(turns):
                yield message(str(i))
                turn.wait(20)

        for one in channel.stream_stream(SERVICE + "Talk", same, same)(talk()):
            heard.append(text(one))
            turns[len(heard) - 1].set()
        said["ping_pong"] = heard
        metadata = (("x-tenant", "blue"), ("x-raw-bin", b"\x00\xff"))
        said["metadata"] = text(unary("Header")(message("x-tenant"), metadata=metadata))
        said["metadata_bin"] = text(unary("Header")(message("x-raw-bin"), metadata=metadata))
        said["status"] = failure(lambda: unary("Fail")(message("\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001F608\t\n")))
        begun = threading.Event()
        call = channel.stream_stream(SERVICE + "Talk", same, same)(message("") for _ in iter(lambda: begun.wait(20), True))
        call.cancel()
        begun.set()
        said["cancel_after_begin"] = failure(lambda: list(call))[0]
        gate = threading.Event()

        def one_then_wait():
            yield message("first")
            gate.wait(20)

        call = channel.stream_stream(SERVICE + "Talk", same, same)(one_then_wait())
        next(call)
        call.cancel()
        gate.set()
        said["cancel_after_first"] = failure(lambda: list(call))[0]
        said["timeout"] = failure(lambda: unary("Sleep")(b"", timeout=0.2))[0]
        said["unimplemented_method"] = failure(lambda: unary("NoSuch")(b""))[0]
        said["unimplemented_service"] = failure(lambda: channel.unary_unary("/no.Such/Thing", same, same)(b""))[0]
        said["health"] = channel.unary_unary("/grpc.health.v1.Health/Check", same, same)(b"").hex()
    print(json.dumps(said))


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        name = details.method[len(SERVICE):] if details.method.startswith(SERVICE) else ""

        def fail(request, context):
            context.abort(grpc.StatusCode.PERMISSION_DENIED, text(request))

        def packed(request, context):
            context.set_compression(grpc.Compression.Gzip)
            return message("p" * 50000)

        def sleep(request, context):
            time.sleep(3)
            return b""

        kinds = {
            "Echo": grpc.unary_unary_rpc_method_handler(lambda request, context: request, same, same),
            "Packed": grpc.unary_unary_rpc_method_handler(packed, same, same),
            "Fail": grpc.unary_unary_rpc_method_handler(fail, same, same),
            "Sleep": grpc.unary_unary_rpc_method_handler(sleep, same, same),
            "Header": grpc.unary_unary_rpc_method_handler(
                lambda request, context: message(dict(context.invocation_metadata()).get(text(request), "")), same, same),
            "Join": grpc.stream_unary_rpc_method_handler(
                lambda requests, context: message("".join(text(one) for one in requests)), same, same),
            "Split": grpc.unary_stream_rpc_method_handler(
                lambda request, context: (message(letter) for letter in text(request)), same, same),
            "Talk": grpc.stream_stream_rpc_method_handler(
                lambda requests, context: (one for one in requests), same, same),
        }
        return kinds.get(name)


def server():
    served = grpc.server(futures.ThreadPoolExecutor(16))
    served.add_generic_rpc_handlers((Handler(),))
    print(served.add_insecure_port("127.0.0.1:0"), flush=True)
    served.start()
    served.wait_for_termination()


client(sys.argv[2]) if sys.argv[1] == "client" else server()
