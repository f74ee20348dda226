// Brings a project up and prints a line for each step: the process that a test kills.
import { composeManagerCapability, createRuntimeHost, requireCapabilities } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'

const { endpoint, composeProgram, app, env, source } = JSON.parse(process.argv[2] ?? '')
const plugins = [dockerPlugin({ endpoint, composeProgram })]
const host = createRuntimeHost({ plugins, app, env })
const scope = await host.open({ runtime: 'docker' })
const { compose } = requireCapabilities(scope, { compose: composeManagerCapability })
await compose.up(source, { onProgress: ({ kind, id, status }) => console.log(kind, id, status) })
console.log('ready')
setInterval(() => {}, 1000)
