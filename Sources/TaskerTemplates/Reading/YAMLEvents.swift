import CLibYAML

/// One event of libyaml, copied out of its memory.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(String)
        case scalar(text: [UInt8], isPlain: Bool)
        case sequenceStart, sequenceEnd
        case mappingStart, mappingEnd
    }

    var kind: Kind
    var position: Position
    var anchor: String?
    /// The tag in full, nil when there is none.
    var tag: String?
}

/// The events of a UTF-8 text, pulled one by one, so that a reader can stop at any limit.
struct YAMLEvents: ~Copyable {
    /// On the heap, since libyaml keeps a pointer to it.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeBufferPointer<UInt8>

    /// - Parameter input: must outlive this value.
    init?(_ input: UnsafeBufferPointer<UInt8>) {
        self.input = input
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) != 0 else {
            parser.deallocate()
            return nil
        }
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    mutating func next() throws(ReadingFailure) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) != 0 else { throw failure() }
        defer { yaml_event_delete(&event) }
        let position = Position(event.start_mark)
        switch event.type {
        case YAML_STREAM_START_EVENT: return YAMLEvent(kind: .streamStart, position: position)
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, position: position)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, position: position)
        case YAML_ALIAS_EVENT:
            return YAMLEvent(kind: .alias(text(event.data.alias.anchor) ?? ""), position: position)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = Array(UnsafeBufferPointer(start: scalar.value, count: scalar.length))
            return YAMLEvent(
                kind: .scalar(text: bytes, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), position: position,
                anchor: text(scalar.anchor), tag: text(scalar.tag))
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return YAMLEvent(
                kind: .sequenceStart, position: position, anchor: text(start.anchor), tag: text(start.tag))
        case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, position: position)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return YAMLEvent(
                kind: .mappingStart, position: position, anchor: text(start.anchor), tag: text(start.tag))
        case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, position: position)
        default: return YAMLEvent(kind: .streamEnd, position: position)
        }
    }

    private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private func failure() -> ReadingFailure {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "this is no YAML"
        switch parser.pointee.error {
        case YAML_MEMORY_ERROR:
            return ReadingFailure(.yamlSyntax, "there is not enough memory to read the file", at: .start)
        case YAML_READER_ERROR:
            let value = parser.pointee.problem_value
            let what = value == -1 ? problem : "\(problem) (\(hexadecimal(value)))"
            return ReadingFailure(
                .yamlSyntax, what, at: Position(ofByte: parser.pointee.problem_offset, in: input),
                hint: "templates are UTF-8 text")
        default:
            let position = Position(parser.pointee.problem_mark)
            guard let context = parser.pointee.context.map({ String(cString: $0) }) else {
                return ReadingFailure(.yamlSyntax, problem, at: position)
            }
            let start = Position(parser.pointee.context_mark)
            let related =
                start == position
                ? [] : [Diagnostic.Related(line: start.line, column: start.column, message: "it starts here")]
            let hint =
                problem.contains("cannot start any token")
                ? "put values that start with % @ ` in quotes, indent with spaces" : nil
            return ReadingFailure(.yamlSyntax, "\(context): \(problem)", at: position, hint: hint, related: related)
        }
    }

    private func hexadecimal(_ value: Int32) -> String { "#x" + String(value, radix: 16, uppercase: true) }
}

extension Position {
    init(_ mark: yaml_mark_t) { self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1) }

    /// The place of a byte, counting characters from the last line feed.
    init(ofByte offset: Int, in input: some RandomAccessCollection<UInt8>) {
        self = .start
        for byte in input.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
    }
}
