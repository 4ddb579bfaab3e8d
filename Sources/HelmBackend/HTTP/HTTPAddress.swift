// Unsafe code, on these invariants: what libcurl allocates is copied and freed before a function returns.

import CCurl

/// What libcurl knows of addresses.
enum HTTPAddress {
  /// The host of an address in lower case, without user, port and path, an IPv6 address in brackets; nil when it is not
  /// an address of http or https.
  static func host(_ url: String) -> String? {
    guard let handle = curl_url() else { return nil }
    defer { curl_url_cleanup(handle) }
    guard curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK,
      let scheme = part(handle, CURLUPART_SCHEME)?.lowercased(), scheme == "http" || scheme == "https"
    else { return nil }
    return part(handle, CURLUPART_HOST)?.lowercased()
  }

  private static func part(_ handle: OpaquePointer, _ part: CURLUPart) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(handle, part, &text, 0) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }

  /// Whether an address is one of this machine.
  static func isLoopback(_ url: String) -> Bool {
    guard let host = host(url) else { return false }
    return host == "localhost" || host == "[::1]"
      || host.hasPrefix("127.") && host.allSatisfy { $0 == "." || $0.isASCII && $0.isNumber }
  }

  /// Percent-encoded: every byte of the UTF-8 form but letters, digits and `-._~`.
  static func encoded(_ text: String) -> String {
    guard !text.isEmpty, let encoded = curl_easy_escape(nil, text, Int32(text.utf8.count)) else { return "" }
    defer { curl_free(encoded) }
    return String(cString: encoded)
  }

  /// The seconds since 1970 of a date as HTTP writes it; nil when it is not one.
  static func seconds(ofDate text: String) -> Int? {
    let seconds = curl_getdate(text, nil)
    return seconds < 0 ? nil : Int(seconds)
  }
}
