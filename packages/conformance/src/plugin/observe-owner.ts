import type { RuntimePlugin } from '@capstan/core'
import { ownershipLabelKeys, type StringMap } from '@capstan/core/plugin'
import { withPlugin } from './map-provided.js'

/**
 * The same plugin, which tells of each owner that it is opened for, and may be given another one.
 *
 * By the owner's instance the kit knows what a case made.
 */
export function observeOwner(plugin: RuntimePlugin, { onInstance, relabel = keep }: ObserveOptions): RuntimePlugin {
  return withPlugin(plugin, {
    register: (scope, details) => {
      const ownerLabels = relabel(scope.ownerLabels)
      onInstance(ownerLabels[ownershipLabelKeys.instance] ?? '')
      return plugin.register({ ...scope, ownerLabels }, details)
    },
  })
}

export interface ObserveOptions {
  readonly onInstance: (instanceId: string) => void
  readonly relabel?: (ownerLabels: StringMap) => StringMap
}

function keep(labels: StringMap): StringMap {
  return labels
}
