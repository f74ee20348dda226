import type { MissingCapability } from '@capstan/core'
import type { InfoAnswer } from '../engine/engine-facts.js'
import type { EngineProduct } from '../engine/engine-product.js'

/** Why the engine manages no cluster; `undefined` for a manager node of a swarm. */
export function findNoCluster(
  { Swarm: swarm = {} }: InfoAnswer,
  { product, title }: Pick<EngineProduct, 'product' | 'title'>,
): Pick<MissingCapability, 'reason' | 'remedy'> | undefined {
  if (product !== 'docker') return { reason: `${title} has no swarm`, remedy: 'use a Docker Engine' }
  const { LocalNodeState: state = 'inactive', ControlAvailable: isManager = false, Error: error = '' } = swarm ?? {}
  if (state === 'active' && isManager) return undefined
  if (state === 'active') {
    return { reason: 'the engine is a worker of a swarm', remedy: 'connect to a manager of the swarm' }
  }
  if (state === 'locked') return { reason: 'the swarm is locked', remedy: 'docker swarm unlock' }
  if (state === 'pending') return { reason: 'the engine is joining a swarm', remedy: 'wait and try again' }
  if (state === 'error') {
    return {
      reason: `the swarm of the engine has an error${error === '' ? '' : `: ${error}`}`,
      remedy: 'docker swarm leave',
    }
  }
  return { reason: 'the engine is in no swarm', remedy: 'docker swarm init' }
}
