// Unsafe code, on these invariants: what libcurl allocates is copied and freed before a function returns.

import CCurl
import Magnet

/// What libcurl knows of addresses.
enum HTTPAddress {
  /// Checks that libcurl is there, without which nothing is known of addresses, and nothing sent to them.
  /// - Throws: `MagnetError` when it cannot be loaded.
  static func checkLibrary() throws(MagnetError) {
    guard let problem = unsafe ccurl_problem() else { return }
    throw MagnetError(
      .system, unsafe "libcurl cannot be loaded: \(String(cString: problem))",
      advice: "install it, on Debian and Ubuntu: apt-get install libcurl4")
  }

  /// The host of an address in lower case, without user, port and path, an IPv6 address in brackets; nil when it is not
  /// an address of http or https.
  static func host(_ url: String) -> String? {
    guard let handle = unsafe ccurl_url() else { return nil }
    defer { unsafe ccurl_url_cleanup(handle) }
    guard unsafe ccurl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK,
      let scheme = unsafe part(handle, CURLUPART_SCHEME)?.lowercased(), scheme == "http" || scheme == "https"
    else { return nil }
    return unsafe part(handle, CURLUPART_HOST)?.lowercased()
  }

  private static func part(_ handle: OpaquePointer, _ part: CURLUPart) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard unsafe ccurl_url_get(handle, part, &text, 0) == CURLUE_OK, let text = unsafe text else {
      return nil
    }
    defer { unsafe ccurl_free(text) }
    return unsafe String(cString: text)
  }

  /// Whether an address is one of this machine.
  static func isLoopback(_ url: String) -> Bool {
    guard let host = host(url) else { return false }
    return host == "localhost" || host == "[::1]"
      || host.hasPrefix("127.") && host.allSatisfy { $0 == "." || $0.isASCII && $0.isNumber }
  }

  /// Percent-encoded: every byte of the UTF-8 form but letters, digits and `-._~`.
  static func encoded(_ text: String) -> String {
    guard !text.isEmpty, let encoded = unsafe ccurl_easy_escape(nil, text, Int32(text.utf8.count)) else {
      return ""
    }
    defer { unsafe ccurl_free(encoded) }
    return unsafe String(cString: encoded)
  }

  /// The seconds since 1970 of a date as HTTP writes it; nil when it is not one.
  static func seconds(ofDate text: String) -> Int? {
    let seconds = unsafe ccurl_getdate(text, nil)
    return seconds < 0 ? nil : Int(seconds)
  }
}
