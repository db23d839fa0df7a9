import CZlib
import CZstd
import Foundation
import Testing

@testable import HawserHTTP

/// A content and its coded form, made by the codings' own libraries.
struct CodedContent: Sendable, CustomTestStringConvertible {
    let name: String
    let coding: ContentCoding
    let plain: [UInt8]
    let coded: [UInt8]

    var testDescription: String { name }

    /// Lines that repeat themselves a little.
    static let lines: [UInt8] = (0..<60).flatMap { n in
        Array("{\"n\":\(n),\"price\":\(n * 7 % 13).5,\"text\":\"line \(n) of the book\"}\n".utf8)
    }

    /// One of each kind.
    static let all = [
        CodedContent(name: "gzip", coding: .gzip, plain: lines, coded: deflated(lines, bits: 31)),
        CodedContent(
            name: "gzip in two members",
            coding: .gzip,
            plain: lines + lines,
            coded: deflated(lines, bits: 31) + deflated(lines, bits: 31)
        ),
        CodedContent(name: "deflate", coding: .deflate, plain: lines, coded: deflated(lines, bits: 15)),
        CodedContent(
            name: "deflate without its wrapper",
            coding: .deflate,
            plain: lines,
            coded: deflated(lines, bits: -15)
        ),
        CodedContent(name: "br", coding: .brotli, plain: lines, coded: brotliLines),
        CodedContent(name: "zstd", coding: .zstd, plain: lines, coded: zstd(lines)),
        CodedContent(name: "zstd in two frames", coding: .zstd, plain: lines + lines, coded: zstd(lines) + zstd(lines)),
    ]

    /// With a checksum at the end, so that every fault is found.
    static func zstd(_ plain: [UInt8], windowBits: CInt = 0) -> [UInt8] {
        let context = ZSTD_createCCtx()
        defer { ZSTD_freeCCtx(context) }
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        if windowBits > 0 {
            ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0)
            ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowBits)
        }
        return [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(plain.count)) { room, count in
            guard windowBits > 0 else {
                count = ZSTD_compress2(context, room.baseAddress, room.count, plain, plain.count)
                return
            }
            // A size that is not told ahead keeps the window as large as it was asked for.
            plain.withUnsafeBytes { bytes in
                var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
                var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                _ = ZSTD_compressStream2(context, &output, &input, ZSTD_e_continue)
                _ = ZSTD_compressStream2(context, &output, &input, ZSTD_e_end)
                count = output.pos
            }
        }
    }

    private static func deflated(_ plain: [UInt8], bits: CInt) -> [UInt8] {
        var stream = z_stream()
        hawser_deflate_init(&stream, 6, bits, 8)
        defer { deflateEnd(&stream) }
        var plain = plain
        return [UInt8](unsafeUninitializedCapacity: plain.count + 1024) { room, count in
            plain.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = room.baseAddress
                stream.avail_out = UInt32(room.count)
                deflate(&stream, Z_FINISH)
            }
            count = Int(stream.total_out)
        }
    }

    /// `lines` in `br`, made by Google's encoder.
    private static let brotliLines = [UInt8](
        Data(
            base64Encoded: """
                G7ALAC0O7CbPz+KimjPPL7NRREXp9rYHOnHXa7yNYYMClE5fiJSCGfwbJwI+LPp/1gSlQrvbbDjQgQXTEm2OE75Ygi5J39/E99DV359v\
                4O1d+D3x9NuQn2ZRHBWOUpNxNaloLYin0DG1mVURHXYsutwq0XspMuJeAe1yXHhubjKHJ5XHC7IcOq83k+3D5vPlcuo9ddzgvaPQXOXC\
                u8RNzvCkdpkXzM2hc3gzeXzYLF8ur96REV1noHwunNNN7gqe1Fy8YJc49AxvZpf5sHPz5XLoHRVx6gqU5cJ53WS2J5XPC3I69K7gzczF\
                h90lvtwMvafEIZZEE5WoiUvcJEuySZVUE0po0iXdZEqmyZZslzvjAA==
                """
        ) ?? Data()
    )
}
