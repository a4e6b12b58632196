import TaskerProtocol
import TaskerTemplates

/// Structs and enumerations of the schemas, and what reads and writes them.
extension RustEmitter {
    func types(_ code: CodeModel, title: String) -> String {
        var text = "//! Types of \(title). Written by tasker-ctl generate types.\n"
        if !usesSerde { text += "\n#![allow(clippy::vec_init_then_push)]\n" }
        let hasMaps = code.uses { if case .map = $0 { true } else { false } }
        if hasMaps { text += "\nuse std::collections::BTreeMap;\n" }
        text += usesSerde ? "\nuse serde::{Deserialize, Serialize};\n" : "\nuse crate::tasker_stdio::Json;\n"
        for declaration in code.declarations {
            text += "\n"
            switch declaration {
            case .alias(let name, let type): text += "pub type \(name) = \(self.type(type));\n"
            case .enumeration(let enumeration): text += self.enumeration(enumeration)
            case .model(let model): text += self.model(model)
            }
        }
        return usesSerde ? text : text + Self.support(code)
    }

    func variants(_ values: [String]) -> [String] {
        identifiers(values) { words in words.pascal.isEmpty ? "Empty" : words.pascal }
    }

    func enumeration(_ enumeration: CodeModel.Enumeration) -> String {
        let pairs = Array(zip(enumeration.values, variants(enumeration.values)))
        if usesSerde {
            return
                "#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]\npub enum \(enumeration.name) {\n"
                + pairs.map { "    #[serde(rename = \(StringLiterals.rust($0)))]\n    \($1),\n" }.joined() + "}\n"
        }
        var text = "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub enum \(enumeration.name) {\n"
        text += pairs.map { "    \($1),\n" }.joined() + "}\n\nimpl \(enumeration.name) {\n"
        text += "    pub fn as_str(self) -> &'static str {\n        match self {\n"
        text +=
            pairs.map { "            Self::\($1) => \(StringLiterals.rust($0)),\n" }.joined()
            + "        }\n    }\n}\n\n"
        text +=
            "impl Value for \(enumeration.name) {\n    fn from_json(value: &Json, place: &str) -> Result<Self, String> {\n        match value.as_str() {\n"
        text += pairs.map { "            Some(\(StringLiterals.rust($0))) => Ok(Self::\($1)),\n" }.joined()
        text +=
            "            _ => Err(misfit(value, place)),\n        }\n    }\n\n    fn to_json(&self) -> Json {\n        Json::from(self.as_str())\n    }\n}\n"
        return text
    }

    func model(_ model: CodeModel.Model) -> String {
        let fields = Array(zip(model.fields, identifiers(model.fields.map(\.jsonName)) { $0.snake }))
        var text = model.description.map { "/// \($0)\n" } ?? ""
        text +=
            "#[derive(Clone, Debug, PartialEq\(usesSerde ? ", Serialize, Deserialize" : ""))]\npub struct \(model.name) {\n"
        for (field, name) in fields {
            if let description = field.description { text += "    /// \(description)\n" }
            if usesSerde {
                var options: [String] = []
                if field.jsonName != name { options.append("rename = \(StringLiterals.rust(field.jsonName))") }
                if !field.isRequired { options.append("default, skip_serializing_if = \"Option::is_none\"") }
                if !options.isEmpty { text += "    #[serde(\(options.joined(separator: ", ")))]\n" }
            }
            let type = self.type(field.type)
            text += "    pub \(name): \(field.isRequired ? type : "Option<\(type)>"),\n"
        }
        text += "}\n"
        if usesSerde { return text }
        text +=
            "\nimpl Value for \(model.name) {\n    fn from_json(value: &Json, place: &str) -> Result<Self, String> {\n"
        text +=
            "        if !value.is_object() {\n            return Err(misfit(value, place));\n        }\n        Ok(Self {\n"
        for (field, name) in fields {
            let function = field.isRequired ? "required" : "optional"
            text += "            \(name): \(function)(value, \(StringLiterals.rust(field.jsonName)), place)?,\n"
        }
        text += "        })\n    }\n\n    fn to_json(&self) -> Json {\n        let mut members = Vec::new();\n"
        for (field, name) in fields {
            let key = StringLiterals.rust(field.jsonName)
            if field.isRequired {
                text += "        members.push((\(key).to_string(), self.\(name).to_json()));\n"
            } else {
                text +=
                    "        if let Some(value) = &self.\(name) {\n            members.push((\(key).to_string(), value.to_json()));\n        }\n"
            }
        }
        return text + "        Json::Object(members)\n    }\n}\n"
    }

    func type(_ type: CodeModel.TypeRef) -> String {
        switch type {
        case .string: "String"
        case .integer: "i64"
        case .number: "f64"
        case .boolean: "bool"
        case .any: usesSerde ? "serde_json::Value" : "Json"
        case .model(let name), .enumeration(let name): name
        case .list(let inner): "Vec<\(self.type(inner))>"
        case .map(let inner): "BTreeMap<String, \(self.type(inner))>"
        }
    }

    /// Between the worker protocol's JSON and serde's; only what is used.
    func serdeSupport(reads: Bool, writes: Bool) -> String {
        var text = ""
        if reads {
            text += """

                /// Values that come from JSON.
                trait Value: serde::de::DeserializeOwned {}

                impl<T: serde::de::DeserializeOwned> Value for T {}

                /// The error names the place that does not fit.
                fn from_json<T: Value>(value: &Json, place: &str) -> Result<T, String> {
                    serde_json::from_str(&value.to_string()).map_err(|error| format!("{place}: {error}"))
                }

                """
        }
        if writes {
            text += """

                fn to_json<T: serde::Serialize>(value: &T) -> Result<Json, String> {
                    let text = serde_json::to_string(value).map_err(|error| error.to_string())?;
                    Json::parse(&text)
                }

                """
        }
        return text
    }

    static func support(_ code: CodeModel) -> String {
        let hasMaps = code.uses { if case .map = $0 { true } else { false } }
        let map =
            hasMaps
            ? """

            impl<T: Value> Value for BTreeMap<String, T> {
                fn from_json(value: &Json, place: &str) -> Result<Self, String> {
                    let Json::Object(members) = value else {
                        return Err(misfit(value, place));
                    };
                    members
                        .iter()
                        .map(|(key, item)| Ok((key.clone(), T::from_json(item, &format!("{place}.{key}"))?)))
                        .collect()
                }

                fn to_json(&self) -> Json {
                    Json::Object(
                        self.iter()
                            .map(|(key, item)| (key.clone(), item.to_json()))
                            .collect(),
                    )
                }
            }

            """ : ""
        return """

            /// Values that come from JSON and go there.
            pub trait Value: Sized {
                /// The error names the place that does not fit.
                fn from_json(value: &Json, place: &str) -> Result<Self, String>;
                fn to_json(&self) -> Json;
            }

            fn misfit(value: &Json, place: &str) -> String {
                format!("{place}: {value} does not fit")
            }

            #[allow(dead_code)]
            fn required<T: Value>(object: &Json, name: &str, place: &str) -> Result<T, String> {
                let place = format!("{place}.{name}");
                match object.get(name) {
                    Some(value) => T::from_json(value, &place),
                    None => Err(format!("{place} is missing")),
                }
            }

            #[allow(dead_code)]
            fn optional<T: Value>(object: &Json, name: &str, place: &str) -> Result<Option<T>, String> {
                match object.get(name) {
                    None | Some(Json::Null) => Ok(None),
                    Some(value) => T::from_json(value, &format!("{place}.{name}")).map(Some),
                }
            }

            impl Value for String {
                fn from_json(value: &Json, place: &str) -> Result<Self, String> {
                    value
                        .as_str()
                        .map(str::to_string)
                        .ok_or_else(|| misfit(value, place))
                }

                fn to_json(&self) -> Json {
                    Json::from(self.as_str())
                }
            }

            impl Value for i64 {
                fn from_json(value: &Json, place: &str) -> Result<Self, String> {
                    value.as_i64().ok_or_else(|| misfit(value, place))
                }

                fn to_json(&self) -> Json {
                    Json::Int(*self)
                }
            }

            impl Value for f64 {
                fn from_json(value: &Json, place: &str) -> Result<Self, String> {
                    value.as_f64().ok_or_else(|| misfit(value, place))
                }

                fn to_json(&self) -> Json {
                    Json::Float(*self)
                }
            }

            impl Value for bool {
                fn from_json(value: &Json, place: &str) -> Result<Self, String> {
                    match value {
                        Json::Bool(value) => Ok(*value),
                        _ => Err(misfit(value, place)),
                    }
                }

                fn to_json(&self) -> Json {
                    Json::Bool(*self)
                }
            }

            impl Value for Json {
                fn from_json(value: &Json, _place: &str) -> Result<Self, String> {
                    Ok(value.clone())
                }

                fn to_json(&self) -> Json {
                    self.clone()
                }
            }

            impl<T: Value> Value for Vec<T> {
                fn from_json(value: &Json, place: &str) -> Result<Self, String> {
                    let Json::List(items) = value else {
                        return Err(misfit(value, place));
                    };
                    items
                        .iter()
                        .enumerate()
                        .map(|(index, item)| T::from_json(item, &format!("{place}[{index}]")))
                        .collect()
                }

                fn to_json(&self) -> Json {
                    Json::List(self.iter().map(Value::to_json).collect())
                }
            }

            """ + map
    }
}
