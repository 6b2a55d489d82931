-- A linked image alone in a paragraph becomes a figure with a caption in Quarto. The Colab badge is a badge.
function Para(paragraph)
  local link = #paragraph.content == 1 and paragraph.content[1]
  if link and link.t == "Link" and #link.content == 1 and link.content[1].t == "Image"
    and link.content[1].src:match("colab%-badge") then
    return pandoc.Div(pandoc.Plain(paragraph.content), pandoc.Attr("", {"colab"}))
  end
end
