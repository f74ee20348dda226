import { expect, test } from 'vitest'
import { toClusterNodes } from '../../../tools/engines/set-up-cluster.mjs'

test('a cluster has three nodes with names and addresses of their own, of the newest Docker by default', () => {
  const nodes = toClusterNodes('c1').map(({ engine, address }) => [
    engine.name,
    engine.hostname,
    engine.version,
    address,
  ])
  expect(nodes).toEqual([
    ['c1-node-1', 'c1-node-1', '28.', '10.98.0.1'],
    ['c1-node-2', 'c1-node-2', '28.', '10.98.0.2'],
    ['c1-node-3', 'c1-node-3', '28.', '10.98.0.3'],
  ])
  expect(toClusterNodes('c1', '20.10')[0]?.engine).toMatchObject({ name: 'c1-node-1', version: '20.10.' })
})

test('an invalid name, an unknown engine and an engine without swarm are problems', () => {
  expect(() => toClusterNodes('')).toThrow('is no name of a cluster')
  expect(() => toClusterNodes('../x')).toThrow('is no name of a cluster')
  expect(() => toClusterNodes('c1', '27')).toThrow('no engine is named 27')
  expect(() => toClusterNodes('c1', 'podman-5')).toThrow('podman-5 has no swarm')
})
