extension InstanceView {
  /// The request as text for a terminal: a heading, the prompt, the references, the answers and the scores. Characters
  /// that a terminal would act on are shown as escapes.
  /// - Parameters:
  ///   - metric: the main metric, for the heading.
  ///   - width: the columns of the terminal.
  ///   - showsPrompt: whether to show the whole prompt instead of the input.
  package func text(metric: String?, width: Int = 80, showsPrompt: Bool = true) -> String {
    func block(_ text: String) -> String {
      text.split(separator: "\n", omittingEmptySubsequences: false)
        .map { "  " + printable(String($0)) }.joined(separator: "\n")
    }
    var parts = [printable(id)]
    if let split { parts.append(printable(split)) }
    if let perturbation { parts.append(printable(perturbation)) }
    if trial > 0 { parts.append("trial \(trial)") }
    if let score {
      parts.append("\(metric.map { printable($0) } ?? "score") \(score)")
      if metric != nil, score == 0 || score == 1 { parts.append(score == 1 ? "right" : "wrong") }
    } else {
      parts.append("no score")
    }
    let heading = "── " + parts.joined(separator: " · ") + " "
    var out = heading + String(repeating: "─", count: max(0, width - displayWidth(heading))) + "\n"
    out += showsPrompt && !prompt.isEmpty ? "Prompt\n\(block(prompt))\n" : "Input\n\(block(input))\n"
    if !references.isEmpty {
      out += "References\n"
      for reference in references {
        let letter = reference.letter.map { "\($0). " } ?? ""
        out += "  \(reference.isCorrect ? "✓" : " ") \(letter)\(printable(reference.text))\n"
      }
    }
    if let failure { out += "Failed\n\(block(failure))\n" }
    for (number, answer) in answers.enumerated() {
      out += answers.count > 1 ? "Answer \(number + 1) of \(answers.count)\n" : "Answer\n"
      out += block(answer)
      if number == 0, let mappedAnswer { out += "  → \(printable(mappedAnswer))" }
      out += "\n"
    }
    if answers.isEmpty, failure == nil { out += "Answer\n  none\n" }
    let shown = scores.filter { !Headline.isBookkeeping($0.metric) }
    if !shown.isEmpty {
      out += "Scores\n  " + shown.map { "\(printable($0.metric)) \($0.mean)" }.joined(separator: ", ") + "\n"
    }
    return out
  }
}
