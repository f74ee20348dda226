// @ts-check
import { fileURLToPath } from 'node:url'
import { execToEnd, iterateProgress } from '@capstan/container-tools'
import {
  composeManagerCapability,
  createRuntimeHost,
  execManagerCapability,
  isHostError,
  requireCapabilities,
} from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { memoryPlugin } from '@capstan/runtime-memory'

// node main.mjs [RUNTIME [IMAGE [PATH OF DOCKER-COMPOSE]]]
const [, , runtime = 'memory', IMAGE = 'busybox', composeProgram] = process.argv
const plugins = [dockerPlugin(composeProgram === undefined ? {} : { composeProgram }), memoryPlugin()]
const host = createRuntimeHost({ plugins, app: 'compose-example' })
const needs = { compose: composeManagerCapability, execs: execManagerCapability }
const scope = await host.open({ runtime, requires: Object.values(needs) })
const { compose, execs } = requireCapabilities(scope, needs)
const name = `compose-example-${process.pid}`
/** @type {import('@capstan/core').ComposeSource} */
const source = { name, files: [fileURLToPath(new URL('compose.yaml', import.meta.url))], env: { IMAGE } }
try {
  const { services } = await compose.readProject(source)
  console.log(`services: ${services.map((service) => service.name).join(', ')}`)

  const up = iterateProgress((options) => compose.up(source, options))
  const parts = new Set()
  for await (const { id } of up) parts.add(id)
  console.log(`steps of ${[...parts].filter((id) => /^(db|migrate|web)-1$/.test(id)).length} containers`)
  for (const { service, containers } of (await up.result).services) {
    for (const { id, state, health } of containers) {
      console.log(`${service}: ${state}${health === undefined ? '' : `, ${health}`}`)
      const log = Buffer.from(await scope.runtime.containerLogsAll(id))
        .toString()
        .trim()
      if (log !== '') console.log(`${service} printed "${log}"`)
      if (service !== 'db') continue
      const { stdout } = await execToEnd(execs, id, ['wc', '-w', '/data/prices'])
      console.log(`db has ${stdout.trim().split(' ')[0]} words`)
    }
  }

  const failure = await compose.up({ ...source, profiles: ['report'] }).catch((error) => error)
  if (!isHostError(failure, 'SERVICE_NOT_READY')) throw failure
  const { service, exitCode, lastLines } = failure.facts
  console.log(`${service} exited with ${exitCode}: ${lastLines.at(-1)}`)
  const kept = await compose.listServices(name)
  console.log(`kept: ${kept.map((each) => each.service).join(', ')}`)
} finally {
  await compose.down(name, { volumes: true, graceMs: 0 })
  await host[Symbol.asyncDispose]()
}
