import { createRuntimeHost, eventStreamCapability, requireCapabilities } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { expect, it, onTestFinished } from 'vitest'
import { watchProject } from '../../src/up/wait-until-ready.js'

it('ends the wait for services that are not ready when the watch is disposed', async () => {
  const host = createRuntimeHost({ plugins: [memoryPlugin()], env: {} })
  onTestFinished(() => host[Symbol.asyncDispose]())
  const scope = await host.open({ runtime: 'memory' })
  const { events } = requireCapabilities(scope, { events: eventStreamCapability })
  const project = {
    runtime: scope.runtime,
    events,
    project: 'shop',
    services: new Set(['db']),
    jobs: new Set<string>(),
  }
  const { signal } = new AbortController()
  const watch = await watchProject(project, { known: new Set(), signal })
  const waiting = expect(watch.untilReady()).rejects.toMatchObject({ name: 'AbortError' })
  await watch[Symbol.asyncDispose]()
  await waiting
})
