import Judges
import Magnet

/// Compares the examinee's values with those of the humans of now, as Follow does; the worst timestep counts.
final class MyJudge: FollowJudge {
  override class func interpretResult(_ result: JudgeResult) throws -> Double? {
    // Throws where there is nothing to interpret; nil where a similarity is undefined.
    guard try super.interpretResult(result) != nil else { return nil }
    return zip(result.actualVectors, result.examineeVectors).compactMap { Similarity.cosine($0, $1) }.min()
  }
}
