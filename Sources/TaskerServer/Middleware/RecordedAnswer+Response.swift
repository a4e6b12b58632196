import HTTPTypes
import Hummingbird
import NIOCore
import TaskerStore

extension RecordedAnswer {
    /// Takes a response whole.
    init(_ response: Response) async throws {
        let collector = Collector()
        try await response.body.write(collector)
        self.init(
            status: response.status.code,
            headers: response.headers.map { Header(name: $0.name.rawName, value: $0.value) },
            body: await collector.bytes)
    }

    func response(isReplay: Bool) -> Response {
        var fields = HTTPFields()
        for header in headers {
            if let name = HTTPField.Name(header.name) { fields.append(HTTPField(name: name, value: header.value)) }
        }
        if isReplay { fields[.idempotentReplayed] = "true" }
        return Response(
            status: HTTPResponse.Status(code: status), headers: fields,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

private actor Collector: ResponseBodyWriter {
    private(set) var bytes: [UInt8] = []

    func write(_ piece: ByteBuffer) async throws { bytes += piece.readableBytesView }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
