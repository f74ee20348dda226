import { type Operation, OperationScope } from '@capstan/core/plugin'
import type { DockerEngine } from './docker-engine.js'

/**
 * Returns the engine with operations of its own, which run until its connections are closed. A manager that calls others uses it, so
 * that its undo steps can call them while the runtime is being closed.
 */
export function createNestedEngine(engine: DockerEngine): DockerEngine {
  const { closed } = engine.operations
  const operations = new OperationScope({ undoMs: engine.timeouts.undoMs, closeMs: engine.timeouts.closeMs })
  closed.addEventListener('abort', () => void operations.close(), { once: true })
  return {
    runtimeName: engine.runtimeName,
    details: engine.details,
    ownerLabels: engine.ownerLabels,
    env: engine.env,
    warn: engine.warn,
    timeouts: engine.timeouts,
    containers: engine.containers,
    operations,
    get apiVersion() {
      return engine.apiVersion
    },
    run: (operation, subject, { signal }, effect) =>
      operations.run({ operation, subject }, { signal }, (call: Operation) => effect(call)),
    api: (call) => engine.api(call),
    send: (request) => engine.send(request),
    sendJson: (request) => engine.sendJson(request),
    upgrade: (request) => engine.upgrade(request),
    connect: (call) => engine.connect(call),
    findAddress: (call) => engine.findAddress(call),
    translate: (cause, call) => engine.translate(cause, call),
    close: () => operations.close(),
  }
}
