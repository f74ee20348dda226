import { delay } from '@capstan/core/plugin'
import { findContainer } from '../../containers/inspection/inspect-container.js'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { ignoreErrors } from '../../engine/ignore-errors.js'
import { readBody } from '../../engine/read-body.js'
import { pollUntilEnded } from '../../quirks/missed-exits.js'
import { releaseSandboxIfEnded } from './release-sandbox.js'

/**
 * Releases the sandbox of a container when the container ends, while this runtime is open. Does not keep the process of
 * the caller running. Does nothing for a container without a sandbox.
 */
export function watchSandbox(engine: DockerEngine, id: string): void {
  const found = engine.containers.findSandboxed(id)
  if (found === undefined) return
  // A sandbox that is not released here is removed with its container, or by a sweep.
  engine.run('startContainer', found.firstId, {}, (call) => watch(engine, call)).catch(() => {})
}

async function watch(engine: DockerEngine, call: EngineCall): Promise<void> {
  await untilEnded(engine, call)
  if ((await findContainer(engine, call))?.HostConfig?.AutoRemove === true) await untilGone(engine, call)
  await releaseSandboxIfEnded(engine, call)
}

async function untilEnded(engine: DockerEngine, call: EngineCall): Promise<void> {
  if (await pollUntilEnded(engine, call)) return
  const path = `/containers/${call.subject}/wait`
  const sent = engine.send({ ...call, method: 'POST', path, query: { condition: 'not-running' } })
  const response = await ignoreErrors(['CONTAINER_NOT_FOUND'], sent)
  if (response === undefined) return
  response.socket.unref()
  await readBody(response)
}

async function untilGone(engine: DockerEngine, call: EngineCall): Promise<void> {
  for (let attempt = 0; attempt < mostInspections; attempt += 1) {
    if ((await findContainer(engine, call)) === undefined) return
    await delay(intervalMs, { signal: call.signal, ref: false })
  }
}

const intervalMs = 500
const mostInspections = 60
