extension BoardMaker {
  /// The place of a deployment among HELM's models, by the models' names; -1 for what is not a model's name.
  func place(_ deployment: String) -> Int {
    if let place = schema.models.firstIndex(where: { $0.name == deployment }) { return place }
    return schema.models.isEmpty ? BuiltInSchemas.models[deployment]?.place ?? -1 : -1
  }

  /// A row's model and its title.
  func model(_ method: Method) -> (name: String, title: String) {
    let deployments = BuiltInSchemas.modelOfDeployment
    for name in [method.model, deployments[method.deployment], deployments[method.model]].compactMap(\.self) {
      if let known = schema.models.last(where: { $0.name == name }) {
        return (name, known.displayName ?? name)
      }
      if let known = BuiltInSchemas.models[name] { return (name, known.title) }
    }
    return (method.model, method.model)
  }

  /// The fewest fields that tell rows apart: `unique_simplification` of HELM.
  static func distinguishing(_ items: [[(key: String, value: Cell)]]) -> [[(key: String, value: Cell)]] {
    guard items.count > 1 else { return items.map { _ in [] } }
    func value(_ item: [(key: String, value: Cell)], _ key: String) -> Cell {
      item.first { $0.key == key }?.value ?? .null
    }
    let varying = items.map { item in
      item.filter { field in items.contains { value($0, field.key) != field.value } }
    }
    return varying.map { item in
      let first = ["model_deployment", "model"].filter { key in item.contains { $0.key == key } }
      let keys = first + item.map(\.key).filter { !first.contains($0) }
      for count in 1...max(1, keys.count) {
        let few = keys.prefix(count)
        let same = varying.count { other in few.allSatisfy { value(other, $0) == value(item, $0) } }
        if same == 1 { return few.map { ($0, value(item, $0)) } }
      }
      return item
    }
  }

  static let logProbabilityModels: Set = [
    "anthropic/stanford-online-all-v4-s3", "meta/llama-7b", "meta/llama-13b", "meta/llama-30b",
    "meta/llama-65b",
    "meta/llama-2-7b", "meta/llama-2-13b", "meta/llama-2-70b",
  ]
  static let logProbabilityMetrics: Set = [
    "NDCG@10", "RR@10", "NDCG@20", "RR@20", "ece_1_bin", "ece_10_bin", "platt_ece_1_bin", "platt_ece_10_bin",
    "platt_coef", "platt_intercept", "selective_cov_acc_area", "selective_acc@10",
  ]
}
