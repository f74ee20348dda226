// Starts BuildKit, prints its container id, and holds the lease until it is killed. Arguments: endpoint, image, name.
import { createRuntimeHost } from '@capstan/core'
import { BuildKitFeature } from '@capstan/feature-buildkit'
import { dockerPlugin } from '@capstan/runtime-docker'

const [, , endpoint, image, name] = process.argv
const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint })], env: {}, app: 'capstan-test-buildkit' })
const scope = await host.open()
const sidecar = await scope.resolve(BuildKitFeature).start({ image, name, graceMs: 200 })
console.log(sidecar.containerId)
setInterval(() => {}, 1000)
