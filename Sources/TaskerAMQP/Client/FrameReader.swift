import CRabbitMQ
import Glibc

/// What came in on a channel. Pointers are valid only while the frame is handled.
enum Frame {
    case method(amqp_method_number_t, UnsafeMutableRawPointer)
    /// Properties are nil when they cannot be decoded (a sender may nest tables as deep as it likes).
    case header(bodyCount: UInt64, properties: UnsafePointer<amqp_basic_properties_t>?)
    case body(UnsafeRawBufferPointer)
    case heartbeat
}

/// Cuts what the socket gives into frames and has librabbitmq decode them. (Its own frame loop gives up the connection
/// for a message whose properties it cannot decode; as the broker then delivers it again, one such message would stop a
/// consumer for ever.)
final class FrameReader {
    private static let envelope = 8
    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    private var start = 0
    private var end = 0
    private let frameMax: Int
    private let arena: UnsafeMutablePointer<amqp_pool_t>

    init(frameMax: Int) {
        self.frameMax = frameMax
        capacity = max(256 * 1024, frameMax * 2)
        base = .allocate(byteCount: capacity, alignment: 16)
        arena = .allocate(capacity: 1)
        init_amqp_pool(arena, 16 * 1024)
    }

    deinit {
        base.deallocate()
        empty_amqp_pool(arena)
        arena.deallocate()
    }

    /// Where the socket may put bytes; never empty once all whole frames are taken out.
    var space: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base + end, count: capacity - end)
    }

    func received(_ count: Int) { end += count }

    /// Hands on every whole frame that is there.
    func takeFrames(_ handle: (UInt16, Frame) throws(ConnectionLost) -> Void) throws(ConnectionLost) {
        while end - start >= Self.envelope {
            let frame = base + start
            let size = Int(UInt32(bigEndian: (frame + 3).loadUnaligned(as: UInt32.self)))
            guard size + Self.envelope <= frameMax else {
                throw ConnectionLost("the broker sent a frame of \(size) bytes, more than was agreed")
            }
            guard end - start >= size + Self.envelope else { break }
            guard (frame + 7 + size).load(as: UInt8.self) == UInt8(AMQP_FRAME_END) else {
                throw ConnectionLost("the broker sent a frame without its end mark")
            }
            let channel = UInt16(bigEndian: (frame + 1).loadUnaligned(as: UInt16.self))
            defer { recycle_amqp_pool(arena) }
            if let decoded = try decode(
                type: Int32(frame.load(as: UInt8.self)), UnsafeMutableRawBufferPointer(start: frame + 7, count: size))
            {
                try handle(channel, decoded)
            }
            start += size + Self.envelope
        }
        if start == end {
            start = 0
            end = 0
        } else if start > 0, capacity - end < frameMax {
            memmove(base, base + start, end - start)
            end -= start
            start = 0
        }
    }

    private func decode(
        type: Int32, _ payload: UnsafeMutableRawBufferPointer
    ) throws(ConnectionLost) -> Frame? {
        let bytes = payload.baseAddress.unsafelyUnwrapped
        switch type {
        case AMQP_FRAME_METHOD:
            guard payload.count >= 4 else {
                throw ConnectionLost("the broker sent a method frame of \(payload.count) bytes")
            }
            let id = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
            var decoded: UnsafeMutableRawPointer?
            let status = amqp_decode_method(
                id, arena, amqp_bytes_t(len: payload.count - 4, bytes: bytes + 4), &decoded)
            guard status >= 0, let decoded else {
                throw ConnectionLost("the broker sent a method (\(id)) that cannot be decoded")
            }
            return .method(id, decoded)
        case AMQP_FRAME_HEADER:
            guard payload.count >= 12 else {
                throw ConnectionLost("the broker sent a header frame of \(payload.count) bytes")
            }
            let bodyCount = UInt64(bigEndian: (bytes + 4).loadUnaligned(as: UInt64.self))
            var decoded: UnsafeMutableRawPointer?
            let status = amqp_decode_properties(
                UInt16(AMQP_BASIC_CLASS), arena, amqp_bytes_t(len: payload.count - 12, bytes: bytes + 12), &decoded)
            let properties = status >= 0 ? decoded?.assumingMemoryBound(to: amqp_basic_properties_t.self) : nil
            return .header(bodyCount: bodyCount, properties: properties.map { UnsafePointer($0) })
        case AMQP_FRAME_BODY:
            return .body(UnsafeRawBufferPointer(payload))
        case AMQP_FRAME_HEARTBEAT:
            return .heartbeat
        default:
            // AMQP 0-9-1 has no others.
            return nil
        }
    }
}
