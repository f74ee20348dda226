import { containerFaults } from './container-faults.js'
import { controlFaults } from './control-faults.js'
import { describeFaults } from './describe-faults.js'
import { fileFaults } from './file-faults.js'
import { observationFaults } from './observation-faults.js'

describeFaults([...containerFaults, ...controlFaults, ...fileFaults, ...observationFaults])
