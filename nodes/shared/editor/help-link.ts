/** Lets the link of a dialog show the help of its node. @param dialog the id of the editor's form that the dialog is in */
export function linkHelp(type: string, dialog: string): void {
  $(`#${dialog} .ota-help`).on('click', (event) => {
    event.preventDefault();
    RED.sidebar.help.show(type);
  });
}
