/// The timesteps of an examinee, one after the other. A timestep is worked through when it is asked for, never before:
/// the examinee cannot run ahead of its judge, as it could behind a stream that buffers.
public struct Timesteps: AsyncSequence {
  public typealias Element = Int

  private let step: () async throws -> Int?

  /// Timesteps from a closure that works through the next one and returns its number, nil when there are no more.
  public init(_ step: @escaping () async throws -> Int?) { self.step = step }

  /// Asks for timesteps.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let step: () async throws -> Int?

    /// Works through the next timestep.
    public func next() async throws -> Int? { try await step() }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(step: step) }
}
