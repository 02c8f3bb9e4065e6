/** Node-RED shows this in place of a secret that was deployed: nobody in the editor knows how long that is. */
export const unknownToEditor = '__PWRD__';
