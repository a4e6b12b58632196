import HTTPTypes
import Hummingbird
import NIOCore
import TaskerProtocol
import TaskerTemplates

/// The OpenAPI document, for programs and for people. It is part of the program: nothing is read from disk.
struct DocumentationController<Context: RequestContext>: Sendable {
    private let yaml = ByteBuffer(string: OpenAPIDocument.yaml)
    private let json: [UInt8]

    init() {
        let value = YAMLDocument.value(of: Array(OpenAPIDocument.yaml.utf8)) ?? .null
        json = value.canonicalBytes
    }

    func addRoutes(to router: Router<Context>) {
        router.get("openapi.yaml") { [yaml] request, _ in
            try request.allow(query: [])
            return Response(
                status: .ok, headers: [.contentType: "application/yaml"], body: ResponseBody(byteBuffer: yaml))
        }
        router.get("api-docs/openapi.json") { [json] request, _ in
            try request.allow(query: [])
            return Response.json(json)
        }
        router.get("api-docs/ui") { request, _ in
            try request.allow(query: [])
            return Response(
                status: .ok,
                headers: [
                    .contentType: "text/html; charset=utf-8",
                    .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'",
                ], body: ResponseBody(byteBuffer: ByteBuffer(string: Self.page)))
        }
    }

    /// Made once from the document: paths, methods, summaries.
    private static var page: String {
        let document = YAMLDocument.value(of: Array(OpenAPIDocument.yaml.utf8)) ?? .null
        var rows = ""
        for (path, methods) in (document["paths"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            for (method, operation) in (methods.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
                let summary = operation["summary"]?.stringValue ?? ""
                let permission = operation["x-permission"]?.stringValue ?? ""
                rows +=
                    "<tr><td><code>\(method.uppercased())</code></td><td><code>\(GraphSVG.escaped(path))</code></td>"
                rows +=
                    "<td>\(GraphSVG.escaped(summary))</td><td><code>\(GraphSVG.escaped(permission))</code></td></tr>\n"
            }
        }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>Tasker API</title>
            <style>body{font:15px/1.5 sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
            table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc}</style>
            </head><body><h1>Tasker API</h1>
            <p>The whole contract: <a href="/openapi.yaml">OpenAPI 3.1 as YAML</a>, <a href="/api-docs/openapi.json">as JSON</a>.</p>
            <table><tr><th>Method</th><th>Path</th><th>What it does</th><th>Permission</th></tr>
            \(rows)</table></body></html>
            """
    }
}

extension HTTPField.Name {
    static let contentSecurityPolicy = HTTPField.Name("Content-Security-Policy")!
}
