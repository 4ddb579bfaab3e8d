/// What stands for a character in the texts and attributes of HTML and XML where it would be read as markup; nil for
/// any other.
func markupReference(_ scalar: Unicode.Scalar) -> String? {
  switch scalar {
  case "&": "&amp;"
  case "<": "&lt;"
  case ">": "&gt;"
  case "\"": "&quot;"
  case "'": "&#39;"
  default: nil
  }
}
