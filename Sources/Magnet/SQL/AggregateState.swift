// Unsafe code, on one invariant: the context of an aggregate holds one retained state, made by the first step and
// released by the final call, which SQLite makes exactly once for a context that has been asked for.

import CSQLite

/// What an aggregate function of SQLite knows of a group's rows so far.
protocol AggregateState: AnyObject {
  /// Of no rows.
  init()
  /// What is wrong with the arguments, where something is.
  var fault: String? { get }
}

extension AggregateState {
  /// The state of the group that a step is for; nil without memory, which SQLite is told.
  static func current(_ context: OpaquePointer?) -> Self? {
    guard let slot = unsafe slot(context, size: MemoryLayout<UnsafeMutableRawPointer?>.size) else {
      unsafe sqlite3_result_error_nomem(context)
      return nil
    }
    if let known = unsafe slot.pointee {
      return unsafe Unmanaged<Self>.fromOpaque(known).takeUnretainedValue()
    }
    let state = Self()
    unsafe slot.pointee = unsafe Unmanaged.passRetained(state).toOpaque()
    return state
  }

  /// Ends a group: SQLite gets its value, the fault of its arguments, or null where it has no rows or no value.
  static func finish(_ context: OpaquePointer?, _ value: (Self) -> Double?) {
    guard let pointer = unsafe slot(context, size: 0)?.pointee else {
      return unsafe sqlite3_result_null(context)
    }
    let state = unsafe Unmanaged<Self>.fromOpaque(pointer).takeRetainedValue()
    if let fault = state.fault { return unsafe sqlite3_result_error(context, fault, -1) }
    if let value = value(state) {
      unsafe sqlite3_result_double(context, value)
    } else {
      unsafe sqlite3_result_null(context)
    }
  }

  /// Where the context keeps the pointer to the state.
  private static func slot(
    _ context: OpaquePointer?, size: Int
  ) -> UnsafeMutablePointer<UnsafeMutableRawPointer?>? {
    unsafe sqlite3_aggregate_context(context, Int32(size))?.assumingMemoryBound(
      to: UnsafeMutableRawPointer?.self)
  }
}

/// The number of an argument, or of a text that is one; nil for anything else.
func numericArgument(_ value: OpaquePointer?) -> Double? {
  switch unsafe sqlite3_value_numeric_type(value) {
  case SQLITE_INTEGER, SQLITE_FLOAT: unsafe sqlite3_value_double(value)
  default: nil
  }
}
