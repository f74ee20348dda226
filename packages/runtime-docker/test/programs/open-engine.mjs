// Opens the engine of the endpoint in the argument, prints a line, and waits until it is killed.
import { createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'

const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: process.argv[2] })] })
const { runtime } = await host.open()
await runtime.ping()
console.log('open')
setInterval(() => {}, 60_000)
