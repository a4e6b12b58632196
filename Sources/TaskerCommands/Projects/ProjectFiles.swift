/// What a new project has beside the handler and the template that plugins generate: enough to run as it is.
struct ProjectFiles {
    let language: String
    /// The example handler and its test are there.
    let hasHandler: Bool

    var files: FileSet {
        var files = FileSet()
        files.add("tasker.toml", configuration)
        files.add("docker-compose.yml", Self.compose)
        guard hasHandler else { return files }
        switch language {
        case "typescript":
            files.add("package.json", Self.nodePackage)
            files.add("tsconfig.json", Self.typeScriptConfiguration)
        case "swift":
            // In place of the plugin's, which has no program.
            files.add("Package.swift", Self.swiftPackage)
            files.add("Sources/worker/Worker.swift", Self.swiftWorker)
        default: break
        }
        return files
    }

    /// Each in a terminal of its own.
    var commands: [String] {
        let orchestrator = "tasker-orchestrator --templates config/tasks"
        let create = "tasker-ctl task create default/hello --wait"
        return [orchestrator] + (hasHandler ? [worker] : []) + [create]
    }

    /// What has to be done once before.
    var preparation: String? {
        switch language {
        case "typescript": "npm install"
        case "swift": "the package of Tasker stands in ../tasker, or change its address in Package.swift"
        default: nil
        }
    }

    private var worker: String {
        switch language {
        case "ruby": "tasker-worker-ruby -r hello_handler.rb --namespace default"
        case "typescript": "tsc && tasker-worker-typescript dist/hello-handler.js --namespace default"
        case "rust":
            "cargo build --offline && tasker-ctl worker exec --namespace default --handler HelloHandler -- target/debug/handlers"
        case "swift": "TASKER_NAMESPACE=default swift run worker"
        default: "python -m tasker_core.worker hello_handler --namespace default"
        }
    }

    // MARK: - Texts

    private var configuration: String {
        """
        # Settings of tasker-ctl in this project; see 'tasker-ctl config explain KEY'.

        server = "http://127.0.0.1:8080"
        templates = "config/tasks"

        [cli]
        default-language = "\(language)"

        """
    }

    private static let compose = """
        # RabbitMQ for development: docker compose up -d
        services:
          rabbitmq:
            image: rabbitmq:3.13-management
            ports:
              - "127.0.0.1:5672:5672"
              - "127.0.0.1:15672:15672"
            healthcheck:
              test: ["CMD", "rabbitmq-diagnostics", "-q", "ping"]
              interval: 5s
              timeout: 10s
              retries: 12

        """

    private static let nodePackage = """
        {
          "name": "tasker-workflows",
          "private": true,
          "type": "module",
          "scripts": {
            "build": "tsc",
            "test": "tsc && node --test dist/__tests__"
          },
          "dependencies": {
            "@tasker-systems/tasker": "*"
          }
        }

        """

    private static let typeScriptConfiguration = """
        {
          "compilerOptions": {
            "strict": true,
            "target": "ES2022",
            "module": "node16",
            "moduleResolution": "node16",
            "lib": ["ES2022", "DOM", "DOM.Iterable"],
            "isolatedModules": true,
            "outDir": "dist"
          },
          "exclude": ["dist", "node_modules"]
        }

        """

    private static let swiftPackage = """
        // swift-tools-version: 6.1
        import PackageDescription

        let package = Package(
            name: "Handlers",
            platforms: [.macOS(.v15)],
            dependencies: [
                .package(name: "tasker", path: "../tasker")
            ],
            targets: [
                .target(
                    name: "Handlers",
                    dependencies: [
                        .product(name: "TaskerWorker", package: "tasker")
                    ]),
                .executableTarget(
                    name: "worker",
                    dependencies: [
                        "Handlers",
                        .product(name: "TaskerWorker", package: "tasker"),
                    ]),
                .testTarget(
                    name: "HandlersTests",
                    dependencies: [
                        "Handlers",
                        .product(name: "TaskerTestKit", package: "tasker"),
                    ]),
            ]
        )

        """

    private static let swiftWorker = """
        import Handlers
        import TaskerWorker

        @main struct HelloWorker {
            static func main() async {
                await Worker.main(handlers: [HelloHandler()])
            }
        }

        """
}
