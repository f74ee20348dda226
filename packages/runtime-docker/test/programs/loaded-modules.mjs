// Says after each step whether dockerode is loaded. The argument: the endpoint.
import { createRequire } from 'node:module'
import { createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'

const { cache } = createRequire(import.meta.url)
const tell = (step) => {
  const isLoaded = Object.keys(cache).some((path) => /[\\/]node_modules[\\/]dockerode[\\/]/.test(path))
  console.log(`${step}: ${isLoaded}`)
}

const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: process.argv[2] })], env: {} })
await host.discover()
tell('discover')
const { runtime } = await host.open()
tell('open')
await runtime.ping()
tell('ping')
await runtime.listContainers()
tell('listContainers')
await host[Symbol.asyncDispose]()
