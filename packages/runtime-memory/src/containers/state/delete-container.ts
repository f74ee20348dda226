import type { MemoryEngine } from '../../memory-engine.js'
import type { MemoryContainer } from './memory-container.js'

/** Takes the container off the list, and tells those who wait for it. */
export function deleteContainer({ containers }: MemoryEngine, { id, events }: MemoryContainer): void {
  containers.delete(id)
  events.remove()
}
