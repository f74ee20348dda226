import type { ServiceConfig, StoredObjectInfo } from '@capstan/core'
import { createHostError, type StringMap } from '@capstan/core/plugin'
import type { NetworkStore } from '../networks/network-store.js'
import type { Cluster } from './cluster.js'
import type { TaskTemplate } from './cluster-task.js'

/**
 * Finds the networks, secrets and configs of a service.
 *
 * @throws HostError NETWORK_NOT_FOUND, SECRET_NOT_FOUND, CONFIG_NOT_FOUND; INVALID_ARGUMENT for a network of one engine
 */
export function toTaskTemplate(
  config: ServiceConfig,
  {
    cluster,
    networks,
    labels,
  }: { readonly cluster: Cluster; readonly networks: NetworkStore; readonly labels: StringMap },
): TaskTemplate {
  const networkIds = (config.networks ?? []).map((reference, index) => {
    const network = networks.require(reference)
    if (network.scope === 'cluster') return network.id
    const expected = 'a network that was created with the scope "cluster"'
    throw createHostError('INVALID_ARGUMENT', {
      field: `networks[${index}]`,
      expected,
      given: JSON.stringify(reference),
    })
  })
  const secrets = (config.secrets ?? []).map(({ secretId, target }) => {
    const secret = cluster.secrets.find(secretId)
    if (secret === undefined) throw createHostError('SECRET_NOT_FOUND', { id: secretId })
    return { source: toSource(secret), target, bytes: secret.value }
  })
  const configs = (config.configs ?? []).map(({ configId, target }) => {
    const found = cluster.configs.find(configId)
    if (found === undefined) throw createHostError('CONFIG_NOT_FOUND', { id: configId })
    return { source: toSource(found), target, bytes: found.value }
  })
  return { config, networkIds, secrets, configs, labels }
}

function toSource({ id, name }: StoredObjectInfo): { readonly id: string; readonly name: string } {
  return { id, name }
}
