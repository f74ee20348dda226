// Creates a service with a secret, a config and a network on the cluster of DOCKER_HOST, prints a line, and waits to be killed.
import { createRuntimeHost, networkManagerCapability, requireCapabilities, swarmManagerCapability } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'

const [name = '', image = ''] = process.argv.slice(2)
const host = createRuntimeHost({ plugins: [dockerPlugin()], app: 'cluster-sweep' })
const scope = await host.open()
const { swarm, networks } = requireCapabilities(scope, {
  swarm: swarmManagerCapability,
  networks: networkManagerCapability,
})
await networks.createNetwork(name, { scope: 'cluster' })
const secretId = await swarm.createSecret(name, Buffer.from('secret'))
const configId = await swarm.createConfig(name, Buffer.from('config'))
await swarm.createService({
  ...{ name, image, replicas: 3, networks: [name], stopGraceMs: 100, update: { monitorMs: 1 } },
  command: ['sleep', '600'],
  secrets: [{ secretId, target: '/run/secrets/s' }],
  configs: [{ configId, target: '/c' }],
})
console.log('created')
setInterval(() => {}, 1000)
